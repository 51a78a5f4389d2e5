"""
Families as text, each kept until its samples change.

A page is the texts of its families one after another; most families say the same as a second
before, and rendering is what costs the agent most.  The bytes are those that the client library
gives for the whole page.
"""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from gpusla_agent.exposition.block import Block, Sample, family

END = b"# EOF\n"
FORMATS_KEPT_MAX = 2
"""Prometheus asks for one format; a person with a browser may ask for another."""

Encode = Callable[[Collector], bytes]


class Texts:
    """The texts of one node's families, by format."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def page(
        self, blocks: Iterable[Block], foreign: Iterable[Family], accept: str
    ) -> tuple[bytes, str]:
        """Return the page of these families in the format that accept asks for, and its type."""
        encode, content_type = _format(accept)
        kept = self._kept.pop(content_type, None) or _Kept(encode)
        self._kept[content_type] = kept  # The one asked for last stands last.
        while len(self._kept) > FORMATS_KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        return kept.page(blocks, foreign), content_type


def _format(accept: str) -> tuple[Encode, str]:
    try:
        return choose_encoder(accept)
    except (TypeError, ValueError):  # The library compares versions that are no numbers.
        return choose_encoder("")


class _Kept:
    """The texts in one format; what a page does not show is forgotten."""

    def __init__(self, encode: Encode) -> None:
        self._encode = encode
        self._end = END if encode(_Families([])) == END else b""
        self._native: dict[str, tuple[list[Sample], bytes]] = {}
        self._foreign: dict[str, tuple[Family, bytes]] = {}

    def page(self, blocks: Iterable[Block], foreign: Iterable[Family]) -> bytes:
        """Return the page; only what changed is rendered."""
        native = {}
        for row, samples in blocks:
            kept = self._native.get(row.name)
            if kept is None or kept[0] != samples:
                kept = samples, self._text(family(row, samples))
            native[row.name] = kept
        others = {}
        for one in foreign:
            known = self._foreign.get(one.name)
            if known is None or known[0] != one:
                known = one, self._text(one)
            others[one.name] = known
        self._native, self._foreign = native, others
        texts = [text for _, text in native.values()] + [text for _, text in others.values()]
        return b"".join([*texts, self._end])

    def _text(self, one: Family) -> bytes:
        return self._encode(_Families([one])).removesuffix(self._end)


class _Families(Collector):
    """What the client library asks for families."""

    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> Iterator[Family]:
        yield from self._families
