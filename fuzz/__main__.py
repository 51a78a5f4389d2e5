"""
`./run fuzz NAME SECONDS [--record] [--seed NUMBER]`: search for an input that breaks a target.

What was found, and the inputs that reach far, are kept under .cache/fuzz/NAME and used again; with
--record the figures are written to fuzz/results/NAME.json.  Ends with 1 if there was a finding.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version

from fuzz.targets import UNDER_TEST, Target, find
from gpusla.clock import SystemClock

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".cache" / "fuzz"
RESULTS = ROOT / "fuzz" / "results"
INPUT_BYTES_MAX = 2_048
HANG_SECONDS = 20
_EXECUTIONS = re.compile(r"^stat::number_of_executed_units:\s*(\d+)", re.MULTILINE)


def main() -> int:
    """Run one target, or list them; 0 when nothing was found, 1 for a finding."""
    asked = _arguments()
    if asked.name is None:
        for name in UNDER_TEST:
            print(f"  ./run fuzz {name} 120    {find(name).ABOUT}")
        return 0
    folder = KEPT / asked.name
    finished = _search(asked, folder)
    findings = sorted(path.name for path in (folder / "findings").iterdir())
    executions = _EXECUTIONS.search(finished)
    result = {
        "target": asked.name,
        "executions": int(executions[1]) if executions else None,
        "seconds": asked.seconds,
        "seed": asked.seed,
        "date": datetime.fromtimestamp(SystemClock().wall_ms() / 1_000, UTC).date().isoformat(),
        "findings": findings,
        "atheris": version("atheris"),
        "python": python_version(),
    }
    if asked.record:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{asked.name}.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(json.dumps(result, indent=2))
    if findings or executions is None:
        print(finished[-4_000:], file=sys.stderr)
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run fuzz", description="Search for a bad input.")
    parser.add_argument("name", nargs="?", choices=list(UNDER_TEST), help="what to search in")
    parser.add_argument("seconds", nargs="?", type=int, default=120, help="how long")
    parser.add_argument("--seed", type=int, default=1, help="what the search begins with")
    parser.add_argument("--record", action="store_true", help="write fuzz/results/NAME.json")
    return parser.parse_args()


def _search(asked: argparse.Namespace, folder: Path) -> str:
    """Let libFuzzer run in a process of its own and return its words."""
    target = find(asked.name)
    for name in ("corpus", "seeds", "findings"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (folder / "seeds" / f"{number:03}").write_bytes(seed)
    words = folder / "words"
    words.write_text("".join(_words(target)), "utf-8")
    command = [
        *(sys.executable, "-m", "fuzz.guided", asked.name),
        *(f"-max_total_time={asked.seconds}", f"-seed={asked.seed}"),
        *(f"-max_len={INPUT_BYTES_MAX}", f"-timeout={HANG_SECONDS}", "-print_final_stats=1"),
        *(f"-dict={words}", f"-artifact_prefix={folder / 'findings'}/"),
        *(str(folder / "corpus"), str(folder / "seeds")),
    ]
    finished = subprocess.run(
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT
    )
    return finished.stdout.decode("utf-8", "replace")


def _words(target: Target) -> Iterator[str]:
    """Yield the lines of a dictionary of libFuzzer's."""
    for word in target.WORDS:
        yield '"{}"\n'.format("".join(f"\\x{byte:02x}" for byte in word.encode()))


if __name__ == "__main__":
    sys.exit(main())
