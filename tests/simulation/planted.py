"""
Bugs that somebody could write in what the simulation runs, each planted by replacing one thing.

What a test plants is taken out again when it ends.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import false

from gpusla.ledger import booking
from gpusla.ledger.booking import decide
from gpusla.ledger.entries import Entry
from gpusla.sla.evaluation import Evaluation
from gpusla_collector.adapters.sql import judgements, ledger
from gpusla_collector.ports import Cursor, Judged, Lease
from gpusla_collector.usecases import book_credits, due_months
from gpusla_collector.usecases.fetch.page import Pages
from gpusla_collector.usecases.judge import periods_to_judge
from tests.collector.memory_store import MemoryStore
from tests.simulation.calendar import DAY_MS


@dataclass(frozen=True, slots=True)
class Defect:
    """A bug: how it is planted, on which store it can be seen, and what the simulation says."""

    name: str
    plant: Callable[[pytest.MonkeyPatch], None]
    words: str
    store: str = "memory"


def _no_lease_asked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MemoryStore, "_require", lambda *_: None)


def _lease_not_asked_to_book(patch: pytest.MonkeyPatch) -> None:
    right = MemoryStore.book

    def book(self: MemoryStore, *words: Any) -> tuple[Entry, ...]:
        with patch.context() as inside:
            _no_lease_asked(inside)
            return right(self, *words)

    patch.setattr(MemoryStore, "book", book)


def _lease_not_asked_to_book_in_sql(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ledger, "require_held", lambda *_: None)


def _nothing_stands(patch: pytest.MonkeyPatch) -> None:
    def blind(_: Sequence[Entry], evaluation: Evaluation, **named: Any) -> Sequence[Entry]:
        return decide((), evaluation, **named)

    patch.setattr(book_credits, "decide", blind)


def _evaluations_pile_up(patch: pytest.MonkeyPatch) -> None:
    def keep(self: MemoryStore, lease: Lease, judged: Judged) -> None:
        self._require(lease)
        self.evaluations[judged.digest] = judged
        self.newest[judged.contract, judged.period] = judged.digest

    patch.setattr(MemoryStore, "keep", keep)


def _evaluations_pile_up_in_sql(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(judgements, "FORGET", judgements.FORGET.where(false()))


def _cursor_goes_back(patch: pytest.MonkeyPatch) -> None:
    """Who takes the lease over finds each cursor as it was before it last moved."""
    move, take = MemoryStore.advance, MemoryStore.acquire
    before: dict[str, Cursor] = {}

    def advance(self: MemoryStore, lease: Lease, then: Cursor, *rest: Any) -> None:
        move(self, lease, then, *rest)
        before[then.node] = then

    def acquire(self: MemoryStore, name: str, holder: str, *rest: Any) -> Lease | None:
        owner = self.leases.get(name, (None, 0, 0))[0]
        lease = take(self, name, holder, *rest)
        if lease is not None and owner not in {None, holder}:
            self.kept_cursors |= {node: before[node] for node in self.kept_cursors}
        return lease

    patch.setattr(MemoryStore, "advance", advance)
    patch.setattr(MemoryStore, "acquire", acquire)


def _clock_change_skipped(patch: pytest.MonkeyPatch) -> None:
    def whole_days_only(*words: Any) -> Iterator[Any]:
        for version, period in periods_to_judge(*words):
            if period.interval.duration_ms % DAY_MS == 0:
                yield version, period

    patch.setattr(due_months, "periods_to_judge", whole_days_only)


def _same_epoch_for_all(patch: pytest.MonkeyPatch) -> None:
    def acquire(
        self: MemoryStore, name: str, holder: str, now_ms: int, duration_ms: int
    ) -> Lease | None:
        owner, _, until_ms = self.leases.get(name, (None, 1, 0))
        if owner not in {None, holder} and until_ms > now_ms:
            return None
        self.leases[name] = (holder, 1, now_ms + duration_ms)
        return Lease(name, holder, 1)

    patch.setattr(MemoryStore, "acquire", acquire)


def _accruals_stay(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(booking, "live_entries", lambda _: ())


def _half_a_page_acknowledged(patch: pytest.MonkeyPatch) -> None:
    right = Pages._write

    def write(self: Pages, lease: Lease, cursor: Cursor, lines: Sequence[bytes]) -> Any:
        return right(self, lease, cursor, lines[:-1] if len(lines) > 1 else lines)

    patch.setattr(Pages, "_write", write)


DEFECTS = (
    Defect("booking without the lease", _no_lease_asked, "held the lease"),
    Defect("a stale leader that books", _lease_not_asked_to_book, "book: "),
    Defect(
        "a stale leader that SQL lets book", _lease_not_asked_to_book_in_sql, "book: ", "sqlite"
    ),
    Defect("deciding as if nothing stood", _nothing_stands, "another entry stands"),
    Defect("evaluations that are never forgotten", _evaluations_pile_up, "evaluations are kept"),
    Defect(
        "evaluations that SQL never forgets",
        _evaluations_pile_up_in_sql,
        "evaluations are kept",
        "sqlite",
    ),
    Defect("a cursor that goes back", _cursor_goes_back, "went back"),
    Defect("a month skipped in which clocks change", _clock_change_skipped, "was due 1 times"),
    Defect("one epoch for every holder", _same_epoch_for_all, "acquire"),
    Defect("accruals that the posting leaves standing", _accruals_stay, "still accrues"),
    Defect("a line that is counted and not kept", _half_a_page_acknowledged, "lines are kept of"),
)
