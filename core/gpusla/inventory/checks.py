"""What a list of records must hold to: ids once, history in order, no place used twice at once."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from gpusla.catalogue.codes import (
    ASSIGNMENT_OVERLAP,
    DUPLICATE_ID,
    UNKNOWN_REFERENCE,
    ErrorCode,
)
from gpusla.documents import Document
from gpusla.errors import InventoryError
from gpusla.identity import Slot
from gpusla.instants import Interval, format_instant
from gpusla.inventory.files import AssignmentForm, ExclusionForm
from gpusla.inventory.model import Record
from gpusla.inventory.registry import Inventory, as_of

R = TypeVar("R", bound=Record)
F = TypeVar("F", AssignmentForm, ExclusionForm)


class Listed(Generic[R]):
    """The records of one list of a document, in the order of the file."""

    def __init__(self, document: Document, key: str, records: Sequence[R]) -> None:
        self.records = records
        self._document = document
        self._key = key

    def check_history(self) -> None:
        """Refuse an id used twice, and a record that supersedes none or an already replaced one."""
        superseded: set[str] = set()
        known: set[str] = set()
        for place, record in enumerate(self.records):
            if record.id in known:
                raise self._refused(place, "id", DUPLICATE_ID, f"{record.id!r} is used before")
            if record.supersedes is not None:
                if record.supersedes not in known:
                    words = f"no record before this one has the id {record.supersedes!r}"
                    raise self._refused(place, "supersedes", UNKNOWN_REFERENCE, words)
                if record.supersedes in superseded:
                    words = f"{record.supersedes!r} is superseded already; supersede the newer one"
                    raise self._refused(place, "supersedes", DUPLICATE_ID, words)
                superseded.add(record.supersedes)
            known.add(record.id)

    def check_apart(
        self, places_of: Callable[[R], Iterable[Hashable]], what: str, happens: str
    ) -> None:
        """Refuse two records in force that claim the same thing at the same time."""
        in_force = set(as_of(self.records))
        last: dict[Hashable, R] = {}
        ordered = sorted(enumerate(self.records), key=lambda item: item[1].from_ms)
        for place, record in ordered:
            if record not in in_force:
                continue
            for thing in places_of(record):
                before = last.get(thing)
                if before is not None and _overlap(before, record):
                    words = (
                        f"{what} {thing} {happens}, {before.id!r} and {record.id!r}, "
                        f"from {format_instant(record.from_ms)}"
                    )
                    raise self._refused(place, "from", ASSIGNMENT_OVERLAP, words)
                if before is None or _end(before) < _end(record):
                    last[thing] = record

    def _refused(self, place: int, field: str, code: ErrorCode, words: str) -> InventoryError:
        return InventoryError(
            code,
            f"{self._key}[{place}].{field}: {words}",
            position=self._document.position((self._key, place, field)),
        )


class Selecting:
    """Turns the selectors of a list into slots of an inventory."""

    def __init__(self, document: Document, key: str, inventory: Inventory) -> None:
        self._document = document
        self._key = key
        self._inventory = inventory

    def resolved(self, forms: Sequence[F]) -> Iterator[tuple[F, tuple[Slot, ...]]]:
        """
        Yield each form with its slots, in order and each once.

        Raises InventoryError(unknown_reference) for a selector that means no slot at that time.
        """
        for place, form in enumerate(forms):
            there = self._inventory.slots(Interval(form.start, form.start + 1))
            slots: set[Slot] = set()
            for number, selector in enumerate(form.slots):
                chosen = [slot for slot in there if f"{slot}/".startswith(f"{selector}/")]
                if not chosen:
                    raise InventoryError(
                        UNKNOWN_REFERENCE,
                        f"{self._key}[{place}].slots[{number}]: the inventory has no slot "
                        f"{selector!r} at {format_instant(form.start)}",
                        position=self._document.position((self._key, place, "slots", number)),
                    )
                slots.update(chosen)
            yield form, tuple(sorted(slots))


_NEVER = 2**63


def _end(record: Record) -> int:
    return _NEVER if record.until_ms is None else record.until_ms


def _overlap(before: Record, record: Record) -> bool:
    return record.from_ms < _end(before)
