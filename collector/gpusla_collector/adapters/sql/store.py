"""The whole store: every port on one database."""

from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.findings import SqlFindings
from gpusla_collector.adapters.sql.journals import SqlJournals
from gpusla_collector.adapters.sql.judgements import SqlJudgements
from gpusla_collector.adapters.sql.leases import SqlLeases
from gpusla_collector.adapters.sql.ledger import SqlLedger
from gpusla_collector.adapters.sql.outbox import SqlOutbox
from gpusla_collector.adapters.sql.records import SqlRecords
from gpusla_collector.adapters.sql.releases import SqlReleases


class SqlStore(
    SqlLeases,
    SqlJournals,
    SqlRecords,
    SqlJudgements,
    SqlLedger,
    SqlReleases,
    SqlOutbox,
    SqlFindings,
):
    """The port `Store`; safe to use from many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
