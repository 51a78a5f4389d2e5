"""`gpusla-agent record`: one file, of this node's driver, without settings."""

from pathlib import Path

from typer.testing import CliRunner

from gpusla_agent import standin
from gpusla_agent.cli import app
from tests.conftest import ROOT


def test_a_node_is_recorded_without_settings(tmp_path: Path) -> None:
    """A second of it, readable by its owner alone, no identifier of the stand-in in it."""
    library = standin.build(ROOT / ".cache" / "standin")
    out = tmp_path / "tray.jsonl"
    words = ["--seconds", "1", "--synthetic", "--library-directory", str(library.parent)]
    result = CliRunner().invoke(app, ["record", str(out), *words])
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{out}: 1 passes, {out.stat().st_size} bytes\n"
    assert out.stat().st_mode & 0o077 == 0
    assert b"GPU-b612ceb5-9b61-450b-8b06-f88a9fdfc34d" not in out.read_bytes()
