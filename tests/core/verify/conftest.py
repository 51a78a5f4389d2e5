"""What is shared by the tests of the verifier."""

from pathlib import Path

import pytest

from gpusla.verify.__main__ import main
from tests.core.verify.maker import OPERATOR, public


class Asked:
    """A file, and what the verifier says of it."""

    def __init__(self, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.file, self._capsys = file, capsys

    def __call__(self, content: bytes, *words: str) -> tuple[int, str]:
        """Verify content, with the operator's key unless words are given; return code and words."""
        self.file.write_bytes(content)
        code = main([str(self.file), *(words or ("--key", public(OPERATOR)))])
        told = self._capsys.readouterr()
        return code, told.out + told.err


@pytest.fixture
def asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Asked:
    """Return a verifier of one file."""
    return Asked(tmp_path / "october.bundle.zip", capsys)
