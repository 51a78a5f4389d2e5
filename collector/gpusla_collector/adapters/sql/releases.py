"""What waits for people before it is posted, and what people decided."""

from collections.abc import Mapping

from sqlalchemy import and_, select

from gpusla.identity import ContractId, TenantId
from gpusla.ledger.release import Mode, Proposal
from gpusla_collector.adapters.sql.chain import append, append_once
from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.leases import require
from gpusla_collector.adapters.sql.tables import APPROVALS, CONTRACT_MODES, PROPOSALS
from gpusla_collector.ports import Approval, Lease


class SqlReleases:
    """The port `Releases`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def propose(self, lease: Lease, proposal: Proposal, now_ms: int) -> bool:
        """Keep a proposal; returns False if it is known already."""
        with self._database.writing() as connection:
            require(connection, lease)
            return append_once(
                connection,
                PROPOSALS,
                PROPOSALS.c.digest == proposal.digest,
                {
                    "digest": proposal.digest,
                    "contract": proposal.contract,
                    "tenant": proposal.tenant,
                    "period": proposal.period,
                    "currency": proposal.currency,
                    "stake_minor_units": proposal.stake_minor_units,
                    "content": proposal.content,
                    "proposed_ms": now_ms,
                },
            )

    def proposals(self) -> tuple[Proposal, ...]:
        """Return all proposals in the order in which they were made."""
        with self._database.reading() as connection:
            rows = connection.execute(select(PROPOSALS).order_by(PROPOSALS.c.position)).all()
        return tuple(
            Proposal(
                row.digest,
                ContractId(row.contract),
                TenantId(row.tenant),
                row.period,
                row.currency,
                row.stake_minor_units,
                row.content,
            )
            for row in rows
        )

    def approve(self, approval: Approval) -> bool:
        """Keep an approval; returns False if this person approved this proposal already."""
        columns = APPROVALS.c
        is_same = and_(columns.proposal == approval.proposal, columns.person == approval.person)
        with self._database.writing() as connection:
            return append_once(
                connection,
                APPROVALS,
                is_same,
                {
                    "proposal": approval.proposal,
                    "person": approval.person,
                    "approved_ms": approval.approved_ms,
                },
            )

    def approvals(self) -> tuple[Approval, ...]:
        """Return all approvals in the order in which they were given."""
        with self._database.reading() as connection:
            rows = connection.execute(select(APPROVALS).order_by(APPROVALS.c.position)).all()
        return tuple(Approval(row.proposal, row.person, row.approved_ms) for row in rows)

    def switch(self, contract: ContractId, mode: Mode, person: str, now_ms: int) -> None:
        """Put a contract into a mode."""
        with self._database.writing() as connection:
            append(
                connection,
                CONTRACT_MODES,
                {"contract": contract, "mode": mode.value, "person": person, "decided_ms": now_ms},
            )

    def modes(self) -> Mapping[ContractId, Mode]:
        """Return the mode of every contract that was ever switched."""
        query = select(CONTRACT_MODES).order_by(CONTRACT_MODES.c.position)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return {ContractId(row.contract): Mode(row.mode) for row in rows}
