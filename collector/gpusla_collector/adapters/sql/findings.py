"""What a person must look at: forks, corruption, disagreements."""

from sqlalchemy import select

from gpusla_collector.adapters.sql.chain import append_once
from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.leases import require
from gpusla_collector.adapters.sql.tables import FINDINGS
from gpusla_collector.ports import Finding, Lease


class SqlFindings:
    """The port `Findings`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def findings(self) -> tuple[Finding, ...]:
        """Return all findings in the order in which they were made."""
        with self._database.reading() as connection:
            rows = connection.execute(select(FINDINGS).order_by(FINDINGS.c.position)).all()
        return tuple(
            Finding(row.key, row.kind, row.subject, row.found_ms, row.detail) for row in rows
        )

    def report(self, lease: Lease, finding: Finding) -> bool:
        """Keep a finding; returns False if it is known already."""
        with self._database.writing() as connection:
            require(connection, lease)
            return append_once(
                connection,
                FINDINGS,
                FINDINGS.c.key == finding.key,
                {
                    "key": finding.key,
                    "kind": finding.kind,
                    "subject": finding.subject,
                    "found_ms": finding.found_ms,
                    "detail": finding.detail,
                },
            )
