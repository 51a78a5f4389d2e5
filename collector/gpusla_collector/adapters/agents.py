"""
The agents' journals over HTTP: one request, bounded in time and in bytes, one kind of failure.

Whatever is not a complete, well-formed answer of the agent that was asked is a ServiceError and may
be tried again; that an agent tells another history is a JournalError and may not be got over.
"""

import re
from threading import Semaphore
from types import TracebackType
from typing import Self

import httpx

from gpusla.catalogue.codes import AGENT_UNREACHABLE, JOURNAL_FORKED
from gpusla.clock import Clock
from gpusla.errors import JournalError, ServiceError
from gpusla.identity import NodeName
from gpusla.journal.chain import Head
from gpusla_collector.adapters.hurry import HurriedTransport
from gpusla_collector.ports import Page

ANSWER_BYTES_MAX = 4 * 2**20 + 65_536
"""A page has at most 4 MiB, or one record more; who sends more is not read to the end."""

RECORDS_AT_ONCE = 1_000
"""Few enough that many nodes can be caught up with side by side, in little memory."""

SMALL_BYTES = 512 * 1024
LARGE_ANSWERS = 8
"""
So many answers may be longer than that at the same time; the others wait, and so does who sends
them: what is on its way is at most 32 MiB, and half a MiB for each request.
"""

CONNECT_SECONDS = 2.0
READ_SECONDS = 10.0
KEPT_CONNECTIONS = 512
ANSWER_MS = 15_000
"""So long an answer is waited for in all."""

_HEAD = re.compile(r"(\d{1,18}) ([0-9a-f]{64})", re.ASCII)


class HttpAgents:
    """The port `Agents` over HTTP; safe to use from many threads."""

    def __init__(self, clock: Clock) -> None:
        # A compressed answer could be small on the wire and huge in memory.
        self._client = httpx.Client(
            transport=HurriedTransport(clock, ANSWER_MS, KEPT_CONNECTIONS),
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,
            headers={"Accept-Encoding": "identity"},
        )
        self._large = Semaphore(LARGE_ANSWERS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def fetch(self, node: NodeName, address: str, after: int) -> Page:
        """Ask one agent for the records after a sequence number, as many as fit a page."""
        url = f"{address.rstrip('/')}/journal"
        try:
            with self._client.stream(
                "GET", url, params={"after": after, "limit": RECORDS_AT_ONCE}
            ) as answer:
                return _page(node, after, answer, self._content(node, answer))
        except (httpx.HTTPError, httpx.InvalidURL) as cause:
            raise _unusable(node, f"{type(cause).__name__} {cause}".strip()) from cause

    def _content(self, node: NodeName, answer: httpx.Response) -> bytes:
        content, is_large = bytearray(), False
        try:
            for part in answer.iter_raw():
                content += part
                if len(content) > SMALL_BYTES and not is_large:
                    self._large.acquire()
                    is_large = True
                if len(content) > ANSWER_BYTES_MAX:
                    raise _unusable(node, f"its answer has over {ANSWER_BYTES_MAX} bytes")
        finally:
            if is_large:
                self._large.release()
        return bytes(content)


def _page(node: NodeName, after: int, answer: httpx.Response, content: bytes) -> Page:
    if answer.status_code == httpx.codes.CONFLICT:
        raise JournalError(
            JOURNAL_FORKED, f"{node}: the agent's journal ends before record {after}, taken in here"
        )
    if answer.status_code != httpx.codes.OK:
        raise _unusable(node, f"it answers {answer.status_code}")
    if "content-encoding" in answer.headers:
        raise _unusable(node, "it answers in an encoding that was not asked for")
    name = answer.headers.get("x-gpusla-node", "")
    if name != node:
        raise JournalError(JOURNAL_FORKED, f"{node}: its address serves the journal of {name!r}")
    head = _HEAD.fullmatch(answer.headers.get("x-gpusla-head", ""))
    if head is None:
        raise _unusable(node, "its answer does not name the head of its journal")
    if content and not content.endswith(b"\n"):
        raise _unusable(node, "its answer is cut off in the middle of a record")
    return Page(tuple(content.split(b"\n")[:-1]), Head(int(head[1]), head[2]))


def _unusable(node: NodeName, why: str) -> ServiceError:
    return ServiceError(AGENT_UNREACHABLE, f"{node}: {why}")
