"""
The second opinion on a small number of cases by chance: `python -m tests.defects.opinion CASES`.

Exits with 1, and says which seed, where the engine and the second opinion differ.
"""

import sys

from tests.reference.agreement import differences
from tests.reference.generator import seeded


def main() -> int:
    """Go through the cases up to the first on which the two differ."""
    for seed in range(int(sys.argv[1])):
        found = differences(seeded(seed))
        if found:
            sys.stdout.write(f"failed: seed {seed}: {found[0]}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
