"""Pushing pages to a Grafana: a server of our own stands in for it, on a real socket."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from gpusla_dashboards import build
from gpusla_dashboards.cli import app

TOKEN = "glsa_not-a-real-one"  # noqa: S105  # for the server below


@dataclass
class Grafana:
    """What stands in for Grafana: takes pages from whoever knows the token."""

    url: str = ""
    taken: list[dict[str, Any]] = field(default_factory=list)
    answer: bytes | None = None


@pytest.fixture(name="grafana")
def serve() -> Iterator[Grafana]:
    """Serve the one path that is used, on loopback."""
    grafana = Grafana()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(grafana))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    grafana.url = f"http://127.0.0.1:{server.server_port}"
    yield grafana
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(name="token_file")
def write_token(tmp_path: Path) -> Path:
    """Keep the token in a file, with the newline that editors leave."""
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n", "utf-8")
    return file


def test_every_page_is_pushed_whole_and_its_address_printed(
    grafana: Grafana, token_file: Path
) -> None:
    """Over earlier versions, which Grafana keeps."""
    ran = CliRunner().invoke(app, [*command(grafana, token_file), "--folder", "sla"])
    assert ran.exit_code == 0, ran.output
    assert [body["dashboard"] for body in grafana.taken] == [
        json.loads(text) for text in build.built().values()
    ]
    assert {(body["overwrite"], body["folderUid"]) for body in grafana.taken} == {(True, "sla")}
    assert f"{grafana.url}/d/gpusla-fleet" in ran.output


def test_a_wrong_token_is_one_sentence_without_the_token(
    grafana: Grafana, token_file: Path
) -> None:
    """With the exit code of a source that cannot be used."""
    token_file.write_text("wrong-secret", "utf-8")
    ran = CliRunner().invoke(app, command(grafana, token_file))
    assert ran.exit_code == 5
    assert 'Grafana answered 401 to gpusla-fleet.json: {"message": "Invalid API key"}' in ran.output
    assert "wrong-secret" not in ran.output
    assert not grafana.taken


@pytest.mark.parametrize("answer", [b"<html>a proxy's page</html>", b"{}", b"[]"])
def test_an_answer_that_is_not_grafanas_is_an_error(
    grafana: Grafana, token_file: Path, answer: bytes
) -> None:
    """A login page answers 200 to everything."""
    grafana.answer = answer
    ran = CliRunner().invoke(app, command(grafana, token_file))
    assert ran.exit_code == 5
    assert "has no address of the dashboard" in ran.output


def test_a_grafana_that_is_not_there_is_one_sentence(token_file: Path) -> None:
    """And no traceback."""
    arguments = ["publish", "--url", "http://127.0.0.1:9", "--token-file", str(token_file)]
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 5
    assert "Grafana could not be reached for gpusla-fleet.json" in ran.output


def test_a_token_file_that_cannot_be_read_is_refused(grafana: Grafana, tmp_path: Path) -> None:
    """Before anything is sent."""
    ran = CliRunner().invoke(app, command(grafana, tmp_path / "missing"))
    assert ran.exit_code == 2
    assert "the token file" in ran.output
    assert not grafana.taken


def test_build_writes_what_check_accepts_and_check_names_what_differs(tmp_path: Path) -> None:
    """A page edited by hand, one missing, one too many."""
    runner = CliRunner()
    assert runner.invoke(app, ["build", "--out", str(tmp_path)]).exit_code == 0
    assert runner.invoke(app, ["check", "--folder", str(tmp_path)]).exit_code == 0
    (tmp_path / "gpusla-fleet.json").write_text("{}", "utf-8")
    (tmp_path / "gpusla-contract.json").unlink()
    (tmp_path / "other.json").write_text("{}", "utf-8")
    ran = runner.invoke(app, ["check", "--folder", str(tmp_path)])
    assert ran.exit_code == 1
    for sentence in (
        "gpusla-fleet.json differs from what the code builds",
        "gpusla-contract.json is missing",
        "other.json is built by no page",
    ):
        assert sentence in ran.output


def command(grafana: Grafana, token_file: Path) -> list[str]:
    """Say how pages are pushed."""
    return ["publish", "--url", grafana.url, "--token-file", str(token_file)]


def handler_for(grafana: Grafana) -> type[BaseHTTPRequestHandler]:
    """Answer as Grafana's API does, as far as it is used."""

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def do_POST(self) -> None:
            """Take a page."""
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                self.reply(401, b'{"message": "Invalid API key"}')
            elif self.path != "/api/dashboards/db":
                self.reply(404, b'{"message": "Not found"}')
            else:
                grafana.taken.append(body)
                uid = body["dashboard"]["uid"]
                self.reply(200, grafana.answer or json.dumps({"url": f"/d/{uid}/"}).encode())

        def reply(self, status: int, content: bytes) -> None:
            """Send one answer."""
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
