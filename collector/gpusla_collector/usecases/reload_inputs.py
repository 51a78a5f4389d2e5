"""
Takes in changed files: appended to what was taken in before, or refused with the last good kept.

What is on record is compared with the file twice: the registry compares the records of the two
files, the store compares each record with the row that it wrote when it first saw it.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Protocol

from gpusla.catalogue.codes import CONTRACT_SEMANTICS, HISTORY_REWRITTEN
from gpusla.clock import Clock
from gpusla.contracts.load import load_contract
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.signatures import wrong_signatures
from gpusla.documents import parse
from gpusla.errors import ContractError, Position
from gpusla.identity import Slot
from gpusla.inventory import model
from gpusla.inventory.load import (
    read_assignments,
    read_claims,
    read_exclusions,
    read_inventory,
)
from gpusla.inventory.registry import append
from gpusla.sla.periods import period_on
from gpusla.sla.worked import mismatches
from gpusla_collector.ports import OPERATOR, ContractFile, InputFile, Lease, Record, Store
from gpusla_collector.usecases.backdated import Records, backdated
from gpusla_collector.usecases.judge import posted_periods
from gpusla_collector.usecases.world import (
    ASSIGNMENTS,
    CLAIMS,
    CONTRACT,
    EXCLUSIONS,
    INVENTORY,
    RECORDS,
    World,
    read_world,
    require_claims,
)

_COMMON = {field.name for field in fields(model.Record)}


class InputFiles(Protocol):
    """The files that people write."""

    def read(self) -> tuple[InputFile, ...]:
        """Return all of them as they are now; raises InputError if one cannot be read."""


@dataclass(frozen=True, slots=True)
class Reloader:
    """What taking in files needs."""

    files: InputFiles
    store: Store
    clock: Clock

    def reload(self, lease: Lease, current: World | None) -> World:
        """
        Return what is in force now: current itself if no file changed.

        Raises InputError, `history_rewritten` among them; then nothing was taken in.
        """
        files = self.files.read()
        if current is not None and set(files) <= set(current.files):
            return current
        self._require_versions(files)
        world = read_world(self._with_known_contracts(files))
        before = self._before()
        now = _records(world)
        _require_appended(before, now)
        self._require_sound(world)
        now_ms = self.clock.wall_ms()
        # Before the records, so that a crash in between loses nothing: what is known is not told
        # again.  The first files were taken in whole once there is a contract, which comes last.
        if self.store.contracts(OPERATOR):
            for finding in backdated(before, now, now_ms):
                self.store.report(lease, finding)
        for kind, records in now.items():
            for file in world.files:
                if file.kind == kind:
                    self.store.add(lease, file, [row(kind, record) for record in records], now_ms)
        for version, file in _contracts(world):
            self.store.add_contract(lease, _contract_file(version, file), now_ms)
        return world

    def last_good(self) -> World | None:
        """Return what was taken in last; None if nothing ever was."""
        files = [file for file in map(self.store.latest, RECORDS) if file is not None]
        if not files:
            return None
        return read_world(self._with_known_contracts(files))

    def _with_known_contracts(self, files: Iterable[InputFile]) -> Iterator[InputFile]:
        """Add versions whose files are gone: what was once in force stays judged."""
        files = tuple(files)
        yield from files
        present = {file.digest for file in files if file.kind == CONTRACT}
        for known in self.store.contracts(OPERATOR):
            if known.file.digest not in present:
                yield known.file

    def _require_versions(self, files: Iterable[InputFile]) -> None:
        """Refuse a file that says something else of a version than when it was taken in."""
        known = {
            (one.contract, one.version): one.file.digest for one in self.store.contracts(OPERATOR)
        }
        digests = set(known.values())
        for file in files:
            if file.kind != CONTRACT or file.digest in digests:
                continue
            version = load_contract(file.content, file.name)
            if (version.id, version.version) in known:
                raise ContractError(
                    HISTORY_REWRITTEN,
                    f"version {version.version} of contract {version.id} says something else than "
                    "when it was taken in",
                    fix="Restore it, and write what changed as a new version.",
                    position=Position(file.name),
                )

    def _before(self) -> Records:
        """Return the records of each kind of file that was ever taken in."""
        old = {kind: self.store.latest(kind) for kind in RECORDS}
        documents = {
            kind: parse(file.content, file.name) for kind, file in old.items() if file is not None
        }
        if INVENTORY not in documents:
            return {}
        inventory = read_inventory(documents[INVENTORY])
        found: Records = {INVENTORY: (*inventory.node_records, *inventory.occupancy_records)}
        if ASSIGNMENTS in documents:
            found[ASSIGNMENTS] = read_assignments(documents[ASSIGNMENTS], inventory).records
        if EXCLUSIONS in documents:
            found[EXCLUSIONS] = read_exclusions(documents[EXCLUSIONS], inventory).records
        if CLAIMS in documents:
            found[CLAIMS] = read_claims(documents[CLAIMS]).records
        return found

    def _require_sound(self, world: World) -> None:
        """
        Refuse claims on what is not there, and versions that are new and contradict themselves.

        Nor may a version begin in a period that was settled otherwise.
        """
        require_claims(world)
        known = {known.file.digest for known in self.store.contracts(OPERATOR)}
        for version, file in _contracts(world):
            if version.digest not in known:
                require_examples(version)
                require_signatures(version, file)
                self._require_unsettled(version)

    def _require_unsettled(self, version: ContractVersion) -> None:
        """A version that began in a settled period would cut it, and judge it once more."""
        period = period_on(version, version.effective_from)
        settled = posted_periods(self.store, version.id)
        if any(period.key <= key[: len(period.key)] for key in settled):
            raise ContractError(
                HISTORY_REWRITTEN,
                f"version {version.version} of contract {version.id} takes effect on "
                f"{version.effective_from}, in period {period.key}; that or a later one is settled",
                fix="Let it take effect in a later period.",
                position=Position(version.source),
            )


def require_examples(contract: ContractVersion) -> None:
    """Raise ContractError for the first worked example that comes to something else."""
    for sentence in mismatches(contract):
        raise ContractError(
            CONTRACT_SEMANTICS,
            sentence,
            fix="Mend the terms or the example: they do not mean the same.",
            position=Position(contract.source),
        )


def require_signatures(contract: ContractVersion, file: InputFile) -> None:
    """Raise ContractError for the first signature that is not one of what the file says."""
    document = parse(file.content, file.name)
    for place in wrong_signatures(contract, document):
        raise ContractError(
            CONTRACT_SEMANTICS,
            f"the {contract.signatures[place].party}'s signature is not one of what this file says",
            fix="Let the side sign the file as it is now.",
            position=document.position(("signatures", place, "signature")),
        )


def row(kind: str, record: model.Record) -> Record:
    """
    Return a record as the store keeps it; the body holds what only its kind has.

    A part that says nothing is left out, so that a record reads as it did before there was one.
    """
    parts = {f.name: (getattr(record, f.name), f.default) for f in fields(record)}
    body = {
        name: value
        for name, (value, default) in parts.items()
        if name not in _COMMON and value != default
    }
    return Record(
        f"{kind}/{type(record).__name__}",
        record.id,
        record.from_ms,
        record.until_ms,
        record.recorded_ms,
        record.supersedes,
        record.withdrawn,
        json.dumps(body, sort_keys=True, separators=(",", ":"), default=_plain),
    )


def _plain(value: object) -> str:
    assert isinstance(value, Slot)  # the only type of the records that JSON does not know
    return str(value)


def _records(world: World) -> Records:
    inventory = world.inventory
    return {
        INVENTORY: (*inventory.node_records, *inventory.occupancy_records),
        ASSIGNMENTS: world.assignments.records,
        EXCLUSIONS: world.exclusions.records,
        CLAIMS: world.claims.records,
    }


def _require_appended(before: Records, now: Records) -> None:
    """
    Refuse files in which a record that was taken in is changed or gone.

    One file may hold records of several types, whose ids are apart.  Raises
    InventoryError(history_rewritten).
    """
    for kind, known in before.items():
        for sort in dict.fromkeys(map(type, known)):
            old = [record for record in known if type(record) is sort]
            new = [record for record in now[kind] if type(record) is sort]
            append(old, new)


def _contracts(world: World) -> Iterator[tuple[ContractVersion, InputFile]]:
    by_digest = {file.digest: file for file in world.files if file.kind == CONTRACT}
    for versions in world.versions.values():
        for version in versions:
            yield version, by_digest[version.digest]


def _contract_file(version: ContractVersion, file: InputFile) -> ContractFile:
    return ContractFile(version.id, version.version, version.tenant, version.effective_from, file)
