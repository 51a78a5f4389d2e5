"""The chain over the records, and each entry against its legs, its neighbours and its documents."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from gpusla.evidence.damage import Breach, Damage
from gpusla.ledger.chain import GENESIS, Link, digest_of
from gpusla.ledger.entries import Status, key_of, lines_of
from gpusla.ledger.notes import CreditNote
from gpusla_collector.ports.books import Books, Kept
from gpusla_collector.usecases.fsck.tally import Tally

CHAIN, ENTRIES = "chain_links", "ledger_entries"
AT_ONCE = 500

ENTRY_COLUMNS = (
    "key", "contract", "tenant", "period", "clause", "revision", "status",
    "amount_minor_units", "currency", "reverses", "evaluation",
)  # fmt: skip
"""What an announcement says of its entry."""


@dataclass(slots=True)
class LedgerCheck:
    """Walks the chain once; holds: number and digest of a link that somebody wrote down."""

    books: Books
    tally: Tally
    holds: tuple[int, str] | None = None
    _last: Link | None = None
    _positions: dict[str, int] = field(default_factory=dict)
    _notes: dict[str, int] = field(default_factory=dict)
    _has_lost_entries: bool = False

    def run(self) -> Iterator[Damage]:
        """Yield what is broken."""
        readable = self.tally.readable
        yield from readable(CHAIN, self._links())
        if CHAIN in self.tally.unreadable:
            self.tally.last = None  # nobody knows where it ends
        elif self.holds is not None and not self.tally.is_held:
            number, digest = self.holds
            yield Damage(Breach.LINK, f"link {number}", f"is not {digest}, which it was")
        for table, keys in self.books.unlinked():
            yield from readable(f"keys of {table}", _unlinked(table, keys))
        yield from readable("revisions", self._gaps())
        yield from readable("balances", self._balances())

    def _links(self) -> Iterator[Damage]:
        links = self.books.links()
        while some := list(islice(links, AT_ONCE)):
            for kept in some:
                yield from self._link(kept)
            entries = [kept for kept in some if kept.link.kind == ENTRIES]
            yield from self.tally.readable("reversals", self._reversals(entries))
            self.tally.count("links", len(some))

    def _gaps(self) -> Iterator[Damage]:
        for contract, period, clause in self.books.gaps():
            words = "its revisions do not count from 1 without gaps"
            yield Damage(Breach.REVISIONS, f"{contract} {period} {clause}", words)

    def _balances(self) -> Iterator[Damage]:
        for currency, total in self.books.balances().items():
            if total:
                words = f"debits less credits come to {total} minor units"
                yield Damage(Breach.BALANCE, currency, words)

    def _link(self, kept: Kept) -> Iterator[Damage]:
        link, last = kept.link, self._last
        subject = f"link {link.number}"
        number, previous = (1, GENESIS) if last is None else (last.number + 1, last.digest)
        if link.number != number:
            yield Damage(Breach.LINK, subject, f"comes where link {number} should")
        if link.previous != previous:
            yield Damage(Breach.LINK, subject, "names another one as the link before it")
        self._last = self.tally.last = link
        if self.holds == (link.number, link.digest):
            self.tally.is_held = True
        if kept.unreadable:
            self._has_lost_entries |= link.kind == ENTRIES
            yield Damage(Breach.UNREADABLE, f"{link.kind} {link.subject}", kept.unreadable)
            return
        if kept.content is None:
            yield Damage(Breach.MISSING, f"{link.kind} {link.subject}", "is gone; its link stands")
            return
        digest = digest_of(link.number, link.kind, link.subject, kept.content, link.previous)
        if digest != link.digest:
            words = f"reads otherwise than link {link.number} says"
            yield Damage(Breach.CHANGED, f"{link.kind} {link.subject}", words)
        yield from self._order(link, kept.content[link.kind][0])
        if link.kind == ENTRIES:
            self.tally.count("entries")
            yield from self._entry(kept.content)

    def _order(self, link: Link, row: Mapping[str, Any]) -> Iterator[Damage]:
        position = row.get("position")
        if position is None:
            return
        if position <= self._positions.get(link.kind, 0):
            words = f"stands at position {position}, after a later link"
            yield Damage(Breach.CHANGED, f"{link.kind} {link.subject}", words)
        self._positions[link.kind] = position

    def _entry(self, content: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[Damage]:
        entry = content[ENTRIES][0]
        subject = f"entry {entry['key'][:16]}"
        key = key_of(entry["contract"], entry["period"], entry["clause"], entry["revision"])
        if key != entry["key"]:
            words = f"contract, period, clause and revision give the key {key[:16]}"
            yield Damage(Breach.KEY, subject, words)
        if not _is_balanced(entry, content["ledger_lines"]):
            yield Damage(Breach.LEGS, subject, "its legs are not its amount and its opposite")
        yield from self._note(subject, entry, content["credit_notes"])
        if not _is_announced(entry, content["credit_notes"], content["outbox"]):
            yield Damage(Breach.ANNOUNCEMENT, subject, "is announced otherwise, or not at all")
        if not content["evaluations"]:
            yield Damage(Breach.EVALUATION, subject, "names a judgement that is not there")

    def _note(
        self, subject: str, entry: Mapping[str, Any], notes: Sequence[Mapping[str, Any]]
    ) -> Iterator[Damage]:
        contract = entry["contract"]
        is_due = entry["status"] == Status.POSTED and entry["amount_minor_units"] != 0
        if len(notes) != is_due:
            words = f"has {len(notes)} credit notes and should have {int(is_due)}"
            yield Damage(Breach.CREDIT_NOTE, subject, words)
        for note in notes:
            number = self._number(contract, note["number"])
            expected = CreditNote(contract, number, entry["key"])
            if (note["contract"], note["number"], note["document"]) != (
                contract,
                number,
                expected.document,
            ):
                words = f"is {note['document']} and should be {expected.document}"
                yield Damage(Breach.CREDIT_NOTE, subject, words)
            self._notes[contract] = number

    def _number(self, contract: str, said: int) -> int:
        """Return a note's number; behind an entry that cannot be read it may be a later one."""
        number = self._notes.get(contract, 0) + 1
        return said if self._has_lost_entries and said > number else number

    def _reversals(self, kept: Sequence[Kept]) -> Iterator[Damage]:
        """Each names an entry of its clause that came before, and takes back all of it."""
        entries = [one.content[ENTRIES][0] for one in kept if one.content is not None]
        named = [e["reverses"] for e in entries if e["reverses"] is not None]
        known = self.books.revisions_of(named)
        for entry in entries:
            if entry["reverses"] is None:
                continue
            amount, revision = known.get(entry["reverses"], (None, 0))
            same = key_of(entry["contract"], entry["period"], entry["clause"], revision)
            if amount != -entry["amount_minor_units"] or same != entry["reverses"]:
                words = f"takes back {entry['reverses'][:16]}, which it cannot be the opposite of"
                yield Damage(Breach.REVERSAL, f"entry {entry['key'][:16]}", words)
            elif revision >= entry["revision"]:
                words = "takes back what came after it"
                yield Damage(Breach.REVERSAL, f"entry {entry['key'][:16]}", words)


def _unlinked(table: str, keys: Iterator[str]) -> Iterator[Damage]:
    for key in keys:
        yield Damage(Breach.UNLINKED, f"{table} {key}", "stands in no link of the chain")


def _is_balanced(entry: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> bool:
    try:
        expected = lines_of(Status(entry["status"]), entry["amount_minor_units"])
    except ValueError:
        return False
    said = [(row["number"], row["account"], row["minor_units"]) for row in rows]
    return said == [(n, one.account, one.minor_units) for n, one in enumerate(expected, start=1)]


def _is_announced(
    entry: Mapping[str, Any],
    notes: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
) -> bool:
    said = {name: entry[name] for name in ENTRY_COLUMNS}
    said["document"] = notes[0]["document"] if notes else None
    expected = (
        f"credit_{entry['status']}",
        json.dumps(said, sort_keys=True, separators=(",", ":")),
        entry["booked_ms"],
    )
    return [(row["topic"], row["content"], row["written_ms"]) for row in rows] == [expected]
