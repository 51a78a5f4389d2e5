"""The demo's stage: ports that no other demo takes, answers that are its own child's."""

import http.server
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gpusla.errors import SourceError
from gpusla_collector.demo.stage import Child, Stage, wait_until_ready

ANOTHER_DEMO = """
import sys
from pathlib import Path
from gpusla_collector.demo.stage import Stage
print(Stage(Path(".")).reserve_port(int(sys.argv[1])))
"""


def test_a_reserved_port_is_nobody_elses_before_anything_listens_there(tmp_path: Path) -> None:
    """Two demos that start in the same moment share no port."""
    stage = Stage(tmp_path)
    port = stage.reserve_port()
    other = _reserved_by_another_process(port)
    assert other != port
    stage.stop()
    assert _reserved_by_another_process(port) == port


def test_one_stage_gives_no_port_twice(tmp_path: Path) -> None:
    """Also when the same port is preferred."""
    stage = Stage(tmp_path)
    port = stage.reserve_port()
    assert stage.reserve_port(port) != port
    stage.stop()


def test_somebody_elses_answer_does_not_make_a_dead_child_ready(tmp_path: Path) -> None:
    """A part whose port was taken has ended; what answers there is not it."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Fine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
    process.wait()
    log = tmp_path / "log"
    log.write_text("address already in use", "utf-8")
    try:
        with pytest.raises(SourceError, match=r"ended \(3\).*\naddress already in use"):
            wait_until_ready(
                Child("part", process, log), f"http://127.0.0.1:{server.server_port}/", 5
            )
    finally:
        server.shutdown()
        server.server_close()


class _Fine(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()


def _reserved_by_another_process(port: int) -> int:
    done = subprocess.run(
        [sys.executable, "-c", ANOTHER_DEMO, str(port)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)
