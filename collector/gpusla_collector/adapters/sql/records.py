"""Contracts, inventory, assignments and exclusions as they were taken in; append-only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, select

from gpusla.catalogue.codes import HISTORY_REWRITTEN
from gpusla.errors import InventoryError
from gpusla.identity import ContractId, TenantId
from gpusla_collector.adapters.sql.chain import append, append_all
from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.leases import require
from gpusla_collector.adapters.sql.tables import CONTRACT_VERSIONS, DOCUMENTS, RECORDS
from gpusla_collector.ports import ContractFile, InputFile, Lease, Record, Scope


class SqlRecords:
    """The port `Records`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def latest(self, kind: str) -> InputFile | None:
        """Return the file of this kind that was taken in last."""
        query = select(DOCUMENTS).where(DOCUMENTS.c.kind == kind)
        with self._database.reading() as connection:
            row = connection.execute(query.order_by(DOCUMENTS.c.position.desc()).limit(1)).first()
        return None if row is None else _file(row, kind)

    def file(self, kind: str, digest: str) -> InputFile | None:
        """Return the file of this kind and digest, if it was ever taken in."""
        query = select(DOCUMENTS).where(DOCUMENTS.c.kind == kind, DOCUMENTS.c.digest == digest)
        with self._database.reading() as connection:
            row = connection.execute(query.limit(1)).first()
        return None if row is None else _file(row, kind)

    def add(self, lease: Lease, file: InputFile, records: Sequence[Record], now_ms: int) -> None:
        """Take in a file and the records in it that are new."""
        with self._database.writing() as connection:
            require(connection, lease)
            known = _known_records(connection, {record.kind for record in records})
            for record in records:
                if known.get((record.kind, record.id), record) != record:
                    raise _rewritten(f"{record.kind} {record.id}", file)
            new = [asdict(record) for record in records if (record.kind, record.id) not in known]
            append_all(connection, RECORDS, [{**row, "taken_in_ms": now_ms} for row in new])
            if not _is_latest(connection, file):
                append(connection, DOCUMENTS, {**asdict(file), "taken_in_ms": now_ms})

    def contracts(self, scope: Scope) -> tuple[ContractFile, ...]:
        """Return all versions of all contracts, by contract and effective date."""
        columns = CONTRACT_VERSIONS.c
        query = select(CONTRACT_VERSIONS).order_by(
            columns.contract, columns.effective_from, columns.version
        )
        if scope.tenant is not None:
            query = query.where(columns.tenant == scope.tenant)
        with self._database.reading() as connection:
            return tuple(_contract(row) for row in connection.execute(query))

    def add_contract(self, lease: Lease, file: ContractFile, now_ms: int) -> None:
        """Take in a version of a contract."""
        columns = CONTRACT_VERSIONS.c
        key = (columns.contract == file.contract, columns.version == file.version)
        with self._database.writing() as connection:
            require(connection, lease)
            known = connection.execute(select(CONTRACT_VERSIONS).where(*key)).first()
            if known is not None and known.digest != file.file.digest:
                raise _rewritten(f"contract {file.contract} version {file.version}", file.file)
            if known is None:
                row = {**_contract_row(file), "taken_in_ms": now_ms}
                append(connection, CONTRACT_VERSIONS, row)


def _known_records(
    connection: Connection, kinds: Iterable[str]
) -> Mapping[tuple[str, str], Record]:
    rows = connection.execute(select(RECORDS).where(RECORDS.c.kind.in_(list(kinds))))
    return {(row.kind, row.id): _record(row) for row in rows}


def _is_latest(connection: Connection, file: InputFile) -> bool:
    columns = DOCUMENTS.c
    latest = select(columns.digest).where(columns.kind == file.kind)
    return connection.scalar(latest.order_by(columns.position.desc()).limit(1)) == file.digest


def _file(row: Row[Any], kind: str) -> InputFile:
    return InputFile(kind, row.name, row.digest, row.content)


def _record(row: Row[Any]) -> Record:
    return Record(
        row.kind,
        row.id,
        row.from_ms,
        row.until_ms,
        row.recorded_ms,
        row.supersedes,
        row.withdrawn,
        row.body,
    )


def _contract(row: Row[Any]) -> ContractFile:
    return ContractFile(
        ContractId(row.contract),
        row.version,
        TenantId(row.tenant),
        date.fromisoformat(row.effective_from),
        _file(row, "Contract"),
    )


def _contract_row(file: ContractFile) -> dict[str, Any]:
    return {
        "contract": file.contract,
        "version": file.version,
        "tenant": file.tenant,
        "effective_from": file.effective_from.isoformat(),
        "name": file.file.name,
        "digest": file.file.digest,
        "content": file.file.content,
    }


def _rewritten(what: str, file: InputFile) -> InventoryError:
    return InventoryError(
        HISTORY_REWRITTEN, f"{file.name}: {what} reads otherwise than when it was taken in"
    )
