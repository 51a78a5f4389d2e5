"""What nodes say of themselves, read as any collector or Prometheus would read it."""

import time
from collections.abc import Iterable, Iterator

import httpx

from gpusla.inventory.model import NodeRecord
from gpusla.journal.codec import decode
from gpusla.journal.model import XidSeen

TIMEOUT_SECONDS = 10.0
RECORDS_BEFORE = 400
"""How far before a journal's head to look for what happened just now."""


def events_since(nodes: Iterable[NodeRecord], at_ms: int) -> Iterator[XidSeen]:
    """Yield the Xids that the journals of some nodes hold from an instant on."""
    for node in nodes:
        head = int(
            _get(f"{node.address}/journal?after=0&limit=1").headers["x-gpusla-head"].split()[0]
        )
        answer = _get(f"{node.address}/journal?after={max(0, head - RECORDS_BEFORE)}")
        for line in answer.content.splitlines():
            _, body = decode(line)
            if isinstance(body, XidSeen) and body.at.wall_ms >= at_ms:
                yield body


def typical_page_ms(address: str, times: int) -> float:
    """Return the median of how long some scrapes took."""
    took = []
    with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        for _ in range(times):
            begun = time.perf_counter()
            client.get(f"{address}/metrics").raise_for_status()
            took.append(1_000 * (time.perf_counter() - begun))
    return sorted(took)[times // 2]


def _get(url: str) -> httpx.Response:
    answer = httpx.get(url, timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()
    return answer
