"""What is no statement at all is nothing to verify; the verifier calls broken what was one."""

import json
from pathlib import Path

import pytest

from gpusla.verify.__main__ import main
from tests.core.verify.maker import pdf, statement_bytes

FACTS = b'{"contract":"acme-2026","format":"gpusla/facts/1","period":"2026-10"}'
Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    "content",
    [b'{"a":1}', b'{"a": 1.5}', b"{", FACTS, pdf(FACTS)],
    ids=["JSON", "JSON with a float", "a brace", "facts", "facts in a PDF"],
)
def test_what_holds_no_statement_is_nothing_to_verify(
    content: bytes, tmp_path: Path, capsys: Capture
) -> None:
    """It was called broken, for want of a signature that such a file never had."""
    path = tmp_path / "file"
    path.write_bytes(content)
    assert main([str(path)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.endswith("holds no statement, signed or not\n")


def test_a_statement_that_nobody_signed_stays_broken(tmp_path: Path, capsys: Capture) -> None:
    """Also one that was written anew with spaces, which is no canonical form."""
    path = tmp_path / "statement.json"
    for content, fault in (
        (statement_bytes(), "signature"),
        (json.dumps(json.loads(statement_bytes()), indent=1).encode(), "format"),
    ):
        path.write_bytes(content)
        assert main([str(path)]) == 6
        assert capsys.readouterr().out.startswith(f"broken: {fault}: ")
