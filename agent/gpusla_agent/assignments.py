"""
What the node should hold and whom it serves: the newest good version of two documents.

A document that is refused is logged once with file, line and reason, and the last good one stays
in force; a copy of that is kept on disk, so that a restart beside a broken file meters on.  A copy
that cannot be written is logged once and tried again: what is in force does not wait for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from gpusla.catalogue.codes import FILE_UNREADABLE
from gpusla.documents import SIZE_BYTES_MAX, Document, digest, parse
from gpusla.errors import InputError, Position
from gpusla.identity import ContractId, NodeName, Slot
from gpusla.inventory.load import read_assignments, read_inventory
from gpusla.inventory.model import AssignmentRecord
from gpusla.inventory.registry import Assignments, Inventory, append, as_of
from gpusla.logs import get_logger

T = TypeVar("T")

_log = get_logger()


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document's bytes, and what tells this version from others without reading it."""

    content: bytes
    etag: str


class Origin(Protocol):
    """Where a document comes from."""

    @property
    def name(self) -> str:
        """What messages call it, such as the path of a file."""

    def fetch(self, etag: str) -> Fetched | None:
        """
        Return the document, None if it is still the one of etag.

        Raises InputError(file_unreadable) if it cannot be had.
        """


@dataclass(frozen=True, slots=True)
class FileOrigin:
    """A document in a file; replace it by renaming, so that half of one is never read."""

    path: Path

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    def fetch(self, etag: str) -> Fetched | None:
        """Return the file if it changed."""
        try:
            status = self.path.stat()
            found = f"{status.st_ino}-{status.st_mtime_ns}-{status.st_size}"
            if found == etag:
                return None
            with self.path.open("rb") as file:
                return Fetched(file.read(SIZE_BYTES_MAX + 1), found)
        except OSError as cause:
            words = f"cannot be read: {cause.strerror}"
            raise InputError(FILE_UNREADABLE, words, position=Position(self.name)) from cause


@dataclass(frozen=True, slots=True)
class Configuration:
    """
    What is in force.

    digests: of the bytes in force, by subject.  validity: False for a subject whose newest version
    was refused.
    """

    inventory: Inventory
    assignments: Assignments
    digests: Mapping[str, str]
    validity: Mapping[str, bool]


class ConfigurationSource(Protocol):
    """Who knows what is in force."""

    def current(self) -> Configuration:
        """Return what is in force now; the same object while nothing changed."""


@dataclass(frozen=True, slots=True)
class FixedConfiguration:
    """A configuration that never changes."""

    configuration: Configuration

    def current(self) -> Configuration:
        """Return it."""
        return self.configuration


class WatchedConfiguration:
    """
    Two documents that are looked at again at every call.

    kept: where copies of the last good versions go.  assignments: None if nobody is served.
    Raises InputError at the start if a document is refused and no copy of a good one is kept.
    """

    def __init__(self, inventory: Origin, assignments: Origin | None, kept: Path) -> None:
        self._inventory: _Subject[Inventory] = _Subject(
            "inventory", inventory, kept, read_inventory, _same_history
        )
        self._assignments: _Subject[Assignments] | None = None
        if assignments is not None:
            self._assignments = _Subject(
                "assignments",
                assignments,
                kept,
                lambda document: read_assignments(document, self._inventory.value),
                lambda old, new: append(old.records, new.records),
            )
        self._configuration = self._combined()

    def current(self) -> Configuration:
        """Return what is in force now; the same object while nothing changed."""
        is_moved = self._inventory.refresh()
        if self._assignments is not None:
            if is_moved:
                self._assignments.forget()  # Its selectors mean slots of the inventory.
            is_moved = self._assignments.refresh() or is_moved
        if is_moved:
            self._configuration = self._combined()
        return self._configuration

    def _combined(self) -> Configuration:
        subjects = [s for s in (self._inventory, self._assignments) if s is not None]
        return Configuration(
            self._inventory.value,
            self._assignments.value if self._assignments else Assignments(()),
            {subject.name: subject.digest for subject in subjects},
            {subject.name: subject.is_valid for subject in subjects},
        )


def _same_history(old: Inventory, new: Inventory) -> None:
    append(old.node_records, new.node_records)
    append(old.occupancy_records, new.occupancy_records)


class _Subject(Generic[T]):
    """One document: what is in force of it, and whether its newest version is."""

    def __init__(
        self,
        name: str,
        origin: Origin,
        kept: Path,
        read: Callable[[Document], T],
        check_history: Callable[[T, T], object],
    ) -> None:
        self.name = name
        self.is_valid = True
        self.digest = ""
        self._origin = origin
        self._kept = kept / f"{name}.yaml"
        self._read = read
        self._check_history = check_history
        self._etag = ""
        self._refused = self._not_kept = ""
        self._unkept: bytes | None = None
        self._start()

    def _start(self) -> None:
        try:
            kept = self._kept.read_bytes()
        except OSError:  # There is none, or none that can be had.
            self._take(self._origin.fetch(""))
            return
        try:
            self._accept(kept, self._read(parse(kept, str(self._kept))))
        except InputError:  # Kept by another version of the product, or spoilt.
            self._take(self._origin.fetch(""))
            return
        self.refresh()

    def refresh(self) -> bool:
        """Look for a newer version; return whether anything changed, for better or worse."""
        was = self.is_valid, self.digest
        self._keep()
        try:
            self._take(self._origin.fetch(self._etag), checked=True)
        except InputError as refusal:
            self._refuse(refusal)
        return was != (self.is_valid, self.digest)

    def forget(self) -> None:
        """Read the document again at the next refresh, changed or not."""
        self._etag = ""

    def _take(self, fetched: Fetched | None, *, checked: bool = False) -> None:
        if fetched is None:
            return
        self._etag = fetched.etag
        value = self._read(parse(fetched.content, self._origin.name))
        if checked:
            self._check_history(self.value, value)
        self._accept(fetched.content, value)
        self._unkept = fetched.content
        self._keep()

    def _keep(self) -> None:
        """Leave a copy of what is in force where that is not done yet."""
        if self._unkept is None:
            return
        try:
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            beside = self._kept.with_suffix(".new")
            beside.write_bytes(self._unkept)
            beside.replace(self._kept)
        except OSError as cause:
            if str(cause) != self._not_kept:
                self._not_kept = str(cause)
                _log.error("configuration_not_kept", subject=self.name, cause=str(cause))
        else:
            self._unkept, self._not_kept = None, ""

    def _accept(self, content: bytes, value: T) -> None:
        self.value = value
        self.digest = digest(content)
        self.is_valid = True
        self._refused = ""

    def _refuse(self, refusal: InputError) -> None:
        self.is_valid = False
        if str(refusal) != self._refused:
            self._refused = str(refusal)
            _log.error("configuration_refused", subject=self.name, cause=str(refusal))


class Holders:
    """Which contract each slot of one node serves, quickly: asked for at every pass."""

    def __init__(self, node: NodeName) -> None:
        self._node = node
        self._of: Configuration | None = None
        self._records: list[AssignmentRecord] = []

    def contract_at(
        self, configuration: Configuration, slot: Slot, at_ms: int
    ) -> ContractId | None:
        """Return the contract that slot serves at an instant."""
        if configuration is not self._of:
            self._of = configuration
            mine = {
                one
                for record in configuration.inventory.node_records
                if record.node == self._node
                for one in record.slots
            }
            records = as_of(configuration.assignments.records)
            self._records = [record for record in records if mine.intersection(record.slots)]
        for record in self._records:
            if record.is_effective(at_ms) and slot in record.slots:
                return record.contract
        return None
