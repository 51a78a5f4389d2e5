"""
What must hold after every step, and is looked at from outside.

The watch keeps its own account of who holds the lease, how far each journal was taken in and which
entries stand; it shares no code with what it watches.
"""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from typing import Any, Protocol

from gpusla.instants import Interval
from gpusla.journal.chain import EMPTY
from gpusla.ledger.entries import Entry, Status
from gpusla.timeline.fold import Carry
from gpusla.timeline.model import StateSpan
from gpusla_collector.ports import OPERATOR, Evidence, Judged, Lease, Store
from gpusla_collector.usecases.take_in import take_in
from tests.simulation.facts import CAP_PERCENT, GPUS, Facts

EVER = Interval(0, 2**62)
STATES = {"ok", "degraded", "down", "unknown"}


class Inside(Protocol):
    """A store with what it does not show its users."""

    @property
    def store(self) -> Store:
        """The store as its users have it."""

    def evaluations(self) -> list[str]:
        """Return the digests of all evaluations that are kept."""

    def newest(self) -> list[str]:
        """Return the digest of the last evaluation of each period."""

    def announced(self) -> list[str] | None:
        """Return the keys of all announcements in order; None if the store makes none."""

    def total_minor_units(self) -> int:
        """Return the sum of all legs of all entries."""


@dataclass(slots=True)
class Watch:
    """One store under watch; found holds what is wrong, in words."""

    facts: Facts
    inside: Inside
    found: list[str] = field(default_factory=list)
    holder: tuple[str | None, int] = (None, 0)
    records: dict[str, int] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    delivered: list[str] = field(default_factory=list)
    _keys: set[str] = field(default_factory=set)
    _revisions: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    _is_changed: bool = False
    _is_kept: bool = False
    _is_advanced: bool = False

    def took_effect(self, method: str, words: tuple[Any, ...], result: Any) -> None:
        """See a call of the store that went through, whether or not its caller learns of it."""
        if method == "acquire":
            self._acquired(result)
        elif method == "release":
            if self.holder == (words[0].holder, words[0].epoch):
                self.holder = (None, words[0].epoch)
        elif words and isinstance(words[0], Lease):
            lease = words[0]
            if (lease.holder, lease.epoch) != self.holder:
                self.found.append(f"{method}: {lease} wrote while {self.holder} held the lease")
            self._wrote(method, words)

    def after_step(self) -> list[str]:
        """Hold everything that may have changed to its promises; returns what is wrong."""
        if self._is_advanced:
            self._look_at_cursors()
        if self._is_changed:
            self._look_at_ledger()
        if self._is_changed or self._is_kept:
            self._look_at_evaluations()
        self._is_changed = self._is_kept = self._is_advanced = False
        return self.found

    def _acquired(self, lease: Lease | None) -> None:
        if lease is None:
            return
        holder, epoch = self.holder
        is_other = holder not in {None, lease.holder}
        if lease.epoch < epoch or (is_other and lease.epoch == epoch):
            self.found.append(f"acquire: {lease} after {self.holder}")
        # What a new leader finds must be what the one before it left.
        self._is_advanced = self._is_advanced or is_other
        self.holder = (lease.holder, lease.epoch)

    def _wrote(self, method: str, words: tuple[Any, ...]) -> None:
        self._is_advanced = self._is_advanced or method == "advance_all"
        for one in words:
            if isinstance(one, Judged):
                self._is_kept = True
                self._judged(one)
        self._is_changed = self._is_changed or method == "book"

    def _look_at_cursors(self) -> None:
        """No journal is further back than it was, and what was taken in is what was written."""
        for node, cursor in self.inside.store.cursors().items():
            known, sequence = self.records.get(node, 0), cursor.head.sequence
            if sequence < known:
                self.found.append(f"the cursor of {node} went back from {known} to {sequence}")
            elif sequence != known:
                written = self.facts.journals[node].digests[sequence - 1]
                if written != cursor.head.digest:
                    self.found.append(f"{node}: record {sequence} was taken in as another")
            self.records[node] = sequence

    def _judged(self, judged: Judged) -> None:
        """Seconds of all states sum to what was held, which the calendar knows too; caps hold."""
        if hashlib.sha256(judged.content.encode("ascii")).hexdigest() != judged.digest:
            self.found.append(f"{judged.period}: the evaluation is not what its digest says")
        content = json.loads(judged.content)
        account, states = content["account"], content["account"]["states_gpu_ms"]
        start_ms, until_ms = content["start_ms"], content["until_ms"]
        held = GPUS * (until_ms - start_ms)
        sums = {sum(states.values()), account["held_gpu_ms"], held}
        if set(states) != STATES or len(sums) > 1 or min(states.values()) < 0:
            self.found.append(f"{judged.contract} {judged.period}: {states} of {held} held")
        credit = Fraction(content["credit_minor_units"]["high"])
        fee = Fraction(content["fee_minor_units"])
        is_capped = any(p.is_capped for p in self.facts.papers if p.contract == judged.contract)
        limit = ceil(fee * CAP_PERCENT / 100) if is_capped else ceil(fee)
        if not 0 <= credit <= limit:
            self.found.append(f"{judged.contract} {judged.period}: {credit} of {limit} at most")

    def _look_at_evaluations(self) -> None:
        """None is kept but the last of each period and those that entries name, each once."""
        kept = sorted(self.inside.evaluations())
        named = {entry.evaluation_digest for entry in self.entries}
        if kept != sorted(named | set(self.inside.newest())):
            self.found.append(f"{len(kept)} evaluations are kept, {len(named)} of them named")

    def _look_at_ledger(self) -> None:
        entries = self.inside.store.entries(OPERATOR)
        if entries[: len(self.entries)] != self.entries:
            self.found.append("entries were changed or taken out")
        by_key = {entry.key: entry for entry in entries}
        for entry in entries[len(self.entries) :]:
            self.found += self._wrong(entry, by_key)
            self._keys.add(entry.key)
            self._revisions[entry.contract, entry.period, entry.clause] += 1
        self.entries = entries
        if self.inside.total_minor_units():
            self.found.append("debits and credits differ in total")
        announced = self.inside.announced()
        if announced is not None and announced != [entry.key for entry in entries]:
            self.found.append(f"{len(entries)} entries, announced {announced}")

    def _wrong(self, entry: Entry, by_key: dict[str, Entry]) -> list[str]:
        name = f"{entry.contract} {entry.period} {entry.clause} revision {entry.revision}"
        parts = f'["{entry.contract}","{entry.period}","{entry.clause}",{entry.revision}]'
        standing = self._revisions[entry.contract, entry.period, entry.clause]
        judged = self.inside.store.judgement(OPERATOR, entry.evaluation_digest)
        other = None if entry.reverses is None else by_key.get(entry.reverses)
        wrong = {
            "legs do not balance": sum(line.minor_units for line in entry.lines) != 0,
            "a key twice": entry.key in self._keys,
            "another key": hashlib.sha256(parts.encode()).hexdigest() != entry.key,
            f"{standing} revisions before it": entry.revision != standing + 1,
            "no evaluation": judged is None,
            "takes back what is not there": entry.reverses is not None
            and (other is None or other.amount_minor_units != -entry.amount_minor_units),
            "not what was judged": judged is not None
            and entry.reverses is None
            and _credit(judged) != entry.amount_minor_units,
        }
        return [f"{name}: {words}" for words, is_wrong in wrong.items() if is_wrong]


def _credit(judged: Judged) -> int:
    credit: int = json.loads(judged.content)["credit_minor_units"]["value"]
    return credit


def in_force(entries: tuple[Entry, ...]) -> list[Entry]:
    """Return what stands: neither a reversal nor reversed."""
    reversed_ = {entry.reverses for entry in entries}
    return [e for e in entries if e.reverses is None and e.key not in reversed_]


def missing(facts: Facts, entries: tuple[Entry, ...]) -> list[str]:
    """Return what is wrong with books in which all periods should be settled, each once."""
    standing = Counter(
        (e.contract, e.period) for e in in_force(entries) if e.status is Status.POSTED
    )
    due = Counter((paper.contract, one.key) for paper in facts.papers for one in paper.periods)
    found = [
        f"{key} was due {due[key]} times, stands {standing[key]}"
        for key in due | standing
        if due[key] != standing[key]
    ]
    left = [e for e in in_force(entries) if e.status is not Status.POSTED]
    return found + [f"{e.contract} {e.period} still accrues {e.amount_minor_units}" for e in left]


def broken(facts: Facts, store: Store, evidence: Evidence) -> list[str]:
    """Return what is wrong with journals: bytes, cursors and spans must tell the same."""
    found = []
    for node, cursor in store.cursors().items():
        written = facts.journals[node].lines[: cursor.head.sequence]
        lines = [line for part in store.segments(node) for line in evidence.read(node, part)]
        if tuple(lines) != written:
            found.append(f"{node}: {len(lines)} lines are kept of {len(written)} taken in")
        taken = take_in(node, EMPTY, Carry(), written)
        slots = sorted({span.slot for span in taken.spans})
        kept = store.account(slots, EVER).spans
        if taken.carry != cursor.carry or sorted(kept, key=_place) != sorted(
            taken.spans, key=_place
        ):
            found.append(f"{node}: the spans are not those of its journal")
    return found


def _place(span: StateSpan) -> tuple[object, int]:
    return span.slot, span.start_ms
