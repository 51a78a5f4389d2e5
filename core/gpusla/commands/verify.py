"""`gpusla verify`: the tenant's verifier, which is a program of its own, under the common name."""

from collections.abc import Sequence

from gpusla.verify.__main__ import main


def app(args: Sequence[str], prog_name: str) -> None:
    """Verify a file; raises SystemExit with what `python -m gpusla.verify` ends with."""
    raise SystemExit(main(args, prog_name))
