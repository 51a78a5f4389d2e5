"""
NVIDIA's dashboard 12239 keeps working on our page: its six metrics, asked of a real Prometheus.

The dashboard filters by `instance` and `gpu` and knows the old names alone.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from gpusla_agent.exposition import NodeView, render
from gpusla_agent.exposition.dcgm import DIALECTS, dialect
from tests.agent.dialects.node import node, readings
from tests.end_to_end.servers import prometheus

WAIT_SECONDS = 60
EXPRESSIONS = {
    "DCGM_FI_DEV_GPU_TEMP{%s}": 55,
    "DCGM_FI_DEV_POWER_USAGE{%s}": 900.514,
    "DCGM_FI_DEV_SM_CLOCK{%s} * 1000000": 1.92e9,
    "DCGM_FI_DEV_GPU_UTIL{%s}": 29,
    "DCGM_FI_DEV_FB_USED{%s}": 117,
    "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE{%s}": 0.512311,
}


@pytest.mark.slow
@pytest.mark.parametrize("spoken", [("4.8",), DIALECTS], ids=" and ".join)
def test_each_panel_of_the_dashboard_has_one_series_a_gpu(
    spoken: tuple[str, ...], tmp_path: Path
) -> None:
    """In the unit that its panel expects, also where the other dialect stands beside it."""
    view = node(readings(0), readings(1))
    with served(view, spoken) as page, prometheus(tmp_path, scraping(page.instance)) as url:
        page.wait_for_scrapes(2)  # Once the second is asked for, the first is stored.
        for expression, expected in EXPRESSIONS.items():
            filtered = expression % f'instance=~"{page.instance}", gpu=~"0|1"'
            found = query(url, filtered)
            assert {labels["gpu"] for labels, _ in found} == {"0", "1"}, expression
            assert [value for _, value in found] == [expected, expected], expression


class Page:
    """A page that is served; instance is what Prometheus calls it."""

    def __init__(self, instance: str) -> None:
        self.instance = instance
        self.scraped = threading.Semaphore(0)

    def wait_for_scrapes(self, count: int) -> None:
        """Wait until it was asked for so often."""
        for _ in range(count):
            assert self.scraped.acquire(timeout=WAIT_SECONDS), "Prometheus does not scrape"


@contextmanager
def served(view: NodeView, spoken: tuple[str, ...]) -> Iterator[Page]:
    """Serve a node's page on loopback, in the format that is asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            accept = self.headers.get("Accept", "")
            text, kind = render(view, accept, dialects=(dialect(frozenset(spoken)),))
            page.scraped.release()
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        page = Page(f"127.0.0.1:{server.server_port}")
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield page
        finally:
            server.shutdown()
            serving.join()


def scraping(instance: str) -> dict[str, object]:
    """Return a configuration of Prometheus that scrapes one page each second."""
    job = {"job_name": "agent", "static_configs": [{"targets": [instance]}]}
    return {"global": {"scrape_interval": "1s"}, "scrape_configs": [job]}


def query(url: str, expression: str) -> list[tuple[dict[str, str], float]]:
    """Return an instant query's series."""
    with urlopen(f"{url}/api/v1/query?{urlencode({'query': expression})}", timeout=10) as answer:  # noqa: S310
        told = json.load(answer)
    return [(one["metric"], float(one["value"][1])) for one in told["data"]["result"]]
