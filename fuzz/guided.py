"""
The process that is fuzzed: `python -m fuzz.guided NAME OPTION...`, options as libFuzzer has them.

libFuzzer ends the process itself, so whatever has to happen afterwards is the parent's.
"""

import sys

import atheris

from fuzz.targets import UNDER_TEST, check_timed, find


def main() -> None:
    """Instrument what a target tests, then feed it until libFuzzer has had enough."""
    name, options = sys.argv[1], sys.argv[2:]
    with atheris.instrument_imports(include=list(UNDER_TEST[name])):
        target = find(name)
    atheris.Setup([sys.argv[0], *options], lambda data: check_timed(target, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
