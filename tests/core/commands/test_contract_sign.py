"""`gpusla contract sign`: one side's line, by a key that is its owner's alone."""

import os
import subprocess
from datetime import date
from pathlib import Path

import pytest

from gpusla.cli import main
from gpusla.commands.contract.new import starting_file

Capture = pytest.CaptureFixture[str]

ROOT = Path(__file__).resolve().parents[3]
REFLECTION = ROOT / "examples" / "contracts" / "reflection-2026.yaml"
KEY = "A" * 42 + "E=\n"
"""32 bytes in base64."""


def key_file(path: Path, text: str = KEY, mode: int = 0o600) -> Path:
    """Write a key; unless told otherwise, for its owner alone."""
    path.write_text(text, "ascii")
    path.chmod(mode)
    return path


def signing(key: str | Path) -> list[str]:
    """Return the command by which the tenant signs."""
    return ["contract", "sign", str(REFLECTION), "--as", "tenant", "--key", str(key)]


def test_both_sides_sign_and_a_changed_term_breaks_both(tmp_path: Path, capsys: Capture) -> None:
    """Each line that is printed goes into the file; a comment may change, a term may not."""
    path = tmp_path / "acme.yaml"
    path.write_text(starting_file("acme", "A", "B", date(2027, 1, 1)), "utf-8")
    lines = []
    for party, letter in (("provider", "A"), ("tenant", "B")):
        key = key_file(tmp_path / f"{party}.key", letter * 42 + "E=\n")
        assert main(["contract", "sign", str(path), "--as", party, "--key", str(key)]) == 0
        lines.append(capsys.readouterr().out)
    signed = path.read_text("utf-8") + "signatures:\n" + "".join(lines) + "# seen by counsel\n"
    path.write_text(signed, "utf-8")
    assert main(["contract", "check", str(path)]) == 0
    assert "signed by the tenant with the key" in capsys.readouterr().out
    path.write_text(signed.replace('amount: "1000000.00"', 'amount: "1000000.01"'), "utf-8")
    assert main(["contract", "check", str(path)]) == 1
    shown = capsys.readouterr().err
    assert "the provider's signature is not one of what this file says" in shown
    assert "the tenant's signature is not one of what this file says" in shown


def test_a_key_of_another_length_signs_nothing(tmp_path: Path, capsys: Capture) -> None:
    """And the way to make one is told."""
    key = key_file(tmp_path / "key", "c2hvcnQ=")
    assert main(signing(key)) == 2
    shown = capsys.readouterr()
    way_out = "Make one with: (umask 077; openssl rand -base64 32 > NEW_FILE)"
    assert f"this has 5 bytes and 32 are needed. {way_out}" in shown.err
    assert not shown.out


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o601])
def test_a_key_that_others_may_use_signs_nothing(
    tmp_path: Path, capsys: Capture, mode: int
) -> None:
    """Whoever could copy it can sign contracts as well; a collector's key is refused alike."""
    key = key_file(tmp_path / "tenant.key", mode=mode)
    assert main(signing(key)) == 2
    shown = capsys.readouterr()
    assert not shown.out
    assert (
        f"{key}: others may use this key: its mode is {mode:04o}. Give the file to its owner alone "
        "(chmod 600); if others could copy it, make a new key. [GS3102]"
    ) in shown.err
    key.chmod(0o600)
    assert main(signing(key)) == 0


def test_a_key_may_come_out_of_a_pipe(capsys: Capture) -> None:
    """As from a keeper of secrets: nobody else can open it."""
    reader, writer = os.pipe()
    os.write(writer, KEY.encode())
    os.close(writer)
    assert main(signing(f"/dev/fd/{reader}")) == 0
    os.close(reader)
    assert capsys.readouterr().out.startswith("  - {party: tenant, key: ")


def test_a_key_that_is_not_there_is_named(tmp_path: Path, capsys: Capture) -> None:
    """With the cause."""
    assert main(signing(tmp_path / "none.key")) == 2
    assert "none.key: the file cannot be read: No such file or directory" in capsys.readouterr().err


def test_the_key_that_the_page_on_contracts_makes_signs(tmp_path: Path) -> None:
    """Its line is run by a shell with the usual mask; what stands in for openssl gives a key."""
    page = (ROOT / "docs" / "start" / "contracts.md").read_text("utf-8")
    (line,) = (one for one in page.splitlines() if "openssl rand" in one)
    stand_in = f"openssl() {{ echo {KEY.strip()}; }}; umask 022; {line}"
    subprocess.run(["sh", "-c", stand_in], cwd=tmp_path, check=True)
    assert main(signing(tmp_path / "tenant.key")) == 0
