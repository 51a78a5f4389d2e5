"""
Which test notices which planted bug: `python -m tests.defects.survey [WORDS OF A NAME]`.

Plants each bug, asks everything that is named for it, one by one, and prints a table.
"""

import sys
import tempfile
from pathlib import Path

from tests.defects import of_measures, of_money, of_timelines
from tests.defects.planted import Defect, notices, plant, run

DEFECTS = (*of_timelines.DEFECTS, *of_measures.DEFECTS, *of_money.DEFECTS)


def main() -> int:
    """Print a row for each bug and what notices it; 1 if anything that is named does not."""
    wanted = " ".join(sys.argv[1:])
    silent = 0
    for defect in DEFECTS:
        if wanted in defect.name:
            for name, is_noticed in _asked(defect):
                silent += not is_noticed
                words = "caught by" if is_noticed else "NOT CAUGHT by"
                _say(f"| {defect.name} | {defect.module} | {words} {name.split('::')[-1]} |")
    return 1 if silent else 0


def _asked(defect: Defect) -> list[tuple[str, bool]]:
    with tempfile.TemporaryDirectory() as folder:
        plant(defect, Path(folder))
        return [(name, notices(run(Path(folder), name))) for name in defect.caught_by]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
