"""What was made of a journal and kept, in step with what the journal gives now."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from gpusla.evidence.damage import Breach, Damage
from gpusla.identity import NodeName
from gpusla.timeline.join import join
from gpusla.timeline.model import StateSpan
from gpusla_collector.ports.books import Books


class Numbered(Protocol):
    """A copy of a record, with its number."""

    @property
    def sequence(self) -> int:
        """The record's number in the journal."""


Line = TypeVar("Line", bound=Numbered)


@dataclass(slots=True)
class KeptSpans:
    """
    The spans of one node, slot by slot.

    Of each slot the first difference is named and the rest is left: what follows is only moved.
    """

    books: Books
    node: NodeName
    _kept: dict[str, Iterator[StateSpan | None]] = field(default_factory=dict)
    _open: dict[str, StateSpan] = field(default_factory=dict)
    _different: set[str] = field(default_factory=set)

    def take(self, spans: Iterable[StateSpan]) -> Iterator[Damage]:
        """Compare with spans that the journal gives, each slot's in time order."""
        for span in spans:
            slot = str(span.slot)
            before = self._open.get(slot)
            joined = [span] if before is None else list(join([before, span]))
            if before is not None and len(joined) > 1:
                yield from self._compare(slot, before)
            self._open[slot] = joined[-1]

    def ended(self) -> Iterator[Damage]:
        """Compare the last ones; nothing may be kept beyond them."""
        for slot, span in self._open.items():
            yield from self._compare(slot, span)
        for slot in sorted({*self._open, *self.books.slots(self.node)} - self._different):
            if next(self._of(slot), self) is not self:
                words = "is kept for longer than the journal speaks of it"
                yield Damage(Breach.SPANS, f"{self.node} {slot}", words)

    def _compare(self, slot: str, span: StateSpan) -> Iterator[Damage]:
        if slot in self._different:
            return
        kept = next(self._of(slot), None)
        if kept != span:
            self._different.add(slot)
            said = "nothing that can be read" if kept is None else _told(kept)
            words = f"the journal gives {_told(span)}, kept is {said}"
            yield Damage(Breach.SPANS, f"{self.node} {slot}", words)

    def _of(self, slot: str) -> Iterator[StateSpan | None]:
        return self._kept.setdefault(slot, self.books.spans(self.node, slot))


@dataclass(slots=True)
class KeptLines(Generic[Line]):
    """Copies of a journal's lines; they are kept only since a database has a place for them."""

    breach: Breach
    node: NodeName
    kept: Iterator[Line]
    _next: Line | None = None
    _has_looked: bool = False
    _has_met: bool = False

    def take(self, found: Iterable[Line]) -> Iterator[Damage]:
        """Compare with lines that the journal has."""
        for line in found:
            kept = self._peek()
            is_older = kept is None or line.sequence < kept.sequence
            if is_older and not self._has_met:
                continue
            self._has_met = True
            if kept != line:
                words = f"record {line.sequence} is kept otherwise, or not at all"
                yield Damage(self.breach, self.node, words)
            if not is_older:
                self._next = next(self.kept, None)

    def ended(self) -> Iterator[Damage]:
        """Nothing may be kept that the journal has not."""
        left = self._peek()
        if left is not None:
            words = f"record {left.sequence} is kept, and is not in the journal as such"
            yield Damage(self.breach, self.node, words)

    def _peek(self) -> Line | None:
        if not self._has_looked:
            self._next, self._has_looked = next(self.kept, None), True
        return self._next


def _told(span: StateSpan) -> str:
    evidence = span.evidence
    records = "" if evidence is None else f" by {evidence.first_sequence}-{evidence.last_sequence}"
    findings = "".join(f" {finding.reason}" for finding in span.condition.findings)
    state = f"{span.condition.state}{findings}"
    return f"{state} from {span.start_ms} to {span.end_ms}{records}"
