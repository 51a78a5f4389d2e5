"""The agent's settings file: one sentence with a place, or settings that make sense."""

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from gpusla.errors import InputError
from gpusla_agent.settings import read_settings

ABOUT = "the reader of the agent's settings file"
WORDS = (
    "apiVersion: gpusla/v1\n",
    "kind: Agent\n",
    "node: ",
    "data_directory: ",
    "inventory: ",
    "assignments: ",
    "tenants:\n",
    "listen: ",
    "source: ",
    "interval_ms: ",
    "valid_ms: ",
    "nvml:\n",
    "deadline_ms: ",
    "telemetry:\n",
    "metrics:\n",
    "dcgm_dialects: ",
    "kernel_log:\n",
    "127.0.0.1:9641",
    "dcgm_exporter:\n",
    "url: ",
)
_LEAST = b"apiVersion: gpusla/v1\nkind: Agent\nnode: n1\ndata_directory: d\ninventory: i.yaml\n"
_PORT_MAX = 65_535


def seeds() -> Iterator[bytes]:
    """Yield a file with the least that it needs, and more, one thing at a time."""
    yield _LEAST
    for more in (
        b"listen: 0.0.0.0:9641\n",
        b"interval_ms: 1000\nvalid_ms: 2500\nnvml:\n  deadline_ms: 500\n",
        b"source: dcgm_exporter\ndcgm_exporter:\n  url: http://127.0.0.1:9400/metrics\n",
        b"metrics:\n  set: full\n  dcgm_dialects: ['4.8', '4.9']\n",
        b"telemetry:\n  ref-2026: [activity]\ntenants:\n  ref-2026: reflection\n",
        b"kernel_log:\n  enabled: true\n  path: /dev/kmsg\nhost:\n  enabled: false\n",
        b"surprise: 1\n",
    ):
        yield _LEAST + more


def check(data: bytes) -> None:
    """Read a settings file as the agent does at its start."""
    path = _folder() / "agent.yaml"
    path.write_bytes(data)
    try:
        settings = read_settings(path)
    except InputError as refused:
        assert refused.message
        assert "\n" not in str(refused)
        return
    assert settings.node
    assert 0 <= settings.port <= _PORT_MAX
    assert 0 < 2 * settings.interval_ms <= settings.valid_ms
    assert 0 < settings.deadline_ms < settings.interval_ms


@cache
def _folder() -> Path:
    """Return this process's own folder, gone when it ends."""
    folder = Path(tempfile.mkdtemp(prefix="gpusla-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
