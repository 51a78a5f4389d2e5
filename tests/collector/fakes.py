"""A clock, agents and evidence in memory; the same tests run on them and on the real ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from gpusla.catalogue.codes import (
    AGENT_UNREACHABLE,
    JOURNAL_CORRUPT,
    JOURNAL_FORKED,
)
from gpusla.errors import JournalError, ServiceError
from gpusla.identity import NodeName
from gpusla_collector.ports import (
    Page,
    Segment,
)
from tests.collector.journals import Journal


@dataclass(slots=True)
class HandClock:
    """A clock that is set by hand; sleeping moves it."""

    now_ms: int = 1_800_000_000_000

    def wall_ms(self) -> int:
        """Return the time that was set."""
        return self.now_ms

    def monotonic_ms(self) -> int:
        """Return the time that was set."""
        return self.now_ms

    def sleep(self, seconds: float) -> None:
        """Move the time."""
        self.now_ms += round(seconds * 1000)


@dataclass(slots=True)
class FakeAgents:
    """Journals in memory; a node that is in `silent` does not answer."""

    journals: dict[NodeName, Journal] = field(default_factory=dict)
    silent: set[NodeName] = field(default_factory=set)
    page_records: int = 5_000

    def fetch(self, node: NodeName, address: str, after: int) -> Page:  # noqa: ARG002
        """Answer as an agent does."""
        journal = self.journals.get(node)
        if journal is None or node in self.silent:
            raise ServiceError(AGENT_UNREACHABLE, f"{node}: it does not answer")
        if after > journal.head.sequence:
            raise JournalError(JOURNAL_FORKED, f"{node}: the journal ends before record {after}")
        return Page(journal.after(after, self.page_records), journal.head)


class MemoryEvidence:
    """Evidence in memory; apart: what was cut off and held a whole line."""

    def __init__(self) -> None:
        self.content: dict[tuple[NodeName, int, int], bytes] = {}
        self.apart: list[bytes] = []

    def append(self, node: NodeName, segment: Segment, lines: Sequence[bytes]) -> Segment:
        """Keep lines after the acknowledged end."""
        added = b"".join(line + b"\n" for line in lines)
        key = (node, segment.first_sequence, segment.epoch)
        beyond = self.content.get(key, b"")[segment.byte_length :]
        if not added.startswith(beyond[: len(added)]):
            self.trim(node, segment)
            beyond = b""
        kept = self._acknowledged(node, segment)
        self.content[key] = kept + added + beyond[len(added) :]
        return replace(
            segment,
            last_sequence=segment.last_sequence + len(lines),
            byte_length=segment.byte_length + len(added),
        )

    def trim(self, node: NodeName, segment: Segment) -> None:
        """Cut off what is not acknowledged."""
        key = (node, segment.first_sequence, segment.epoch)
        kept, content = self._acknowledged(node, segment), self.content.get(key, b"")
        beyond = content[len(kept) :]
        if b"\n" in beyond and beyond not in self.apart:
            self.apart.append(beyond)
        self.content[key] = kept

    def read(self, node: NodeName, segment: Segment) -> Iterator[bytes]:
        """Give the acknowledged lines."""
        content = self.content[node, segment.first_sequence, segment.epoch]
        yield from content[: segment.byte_length].splitlines()

    def _acknowledged(self, node: NodeName, segment: Segment) -> bytes:
        content = self.content.get((node, segment.first_sequence, segment.epoch), b"")
        if len(content) < segment.byte_length:
            raise JournalError(JOURNAL_CORRUPT, f"the evidence of {node} is shorter")
        return content[: segment.byte_length]
