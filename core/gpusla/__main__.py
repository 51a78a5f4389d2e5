"""`python -m gpusla`: the same as the program `gpusla`."""

import sys

from gpusla.cli import main

if __name__ == "__main__":
    sys.exit(main())
