"""Real servers on loopback, each in a temporary folder, ended by their own process id."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from gpusla_collector.demo.stage import Stage, wait_until_ready
from tests.programs import program


@contextmanager
def prometheus(folder: Path, configuration: dict[str, object]) -> Iterator[str]:
    """Run Prometheus on the data in folder / "data"; give its address."""
    folder.mkdir(exist_ok=True)
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(configuration), "utf-8")
    stage = Stage(folder)
    port = stage.reserve_port()
    try:
        child = stage.start(
            "prometheus",
            [
                program("prometheus"),
                f"--config.file={path}",
                f"--storage.tsdb.path={folder / 'data'}",
                "--storage.tsdb.retention.time=10y",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
        )
        wait_until_ready(child, f"http://127.0.0.1:{port}/-/ready")
        yield f"http://127.0.0.1:{port}"
    finally:
        stage.stop()
