"""What a store is told in tests: how far a journal was read, a judgement, and its entries."""

from dataclasses import replace

from gpusla.identity import ContractId, Slot, TenantId
from gpusla.instants import Interval
from gpusla.journal.chain import Head
from gpusla.ledger.entries import Entry, Status, key_of, lines_of
from gpusla_collector.ports import Cursor, Judged, Segment
from tests.collector.site import NODE

SLOT = Slot("c2", "r01", "t01", "m1")
DAY = Interval(0, 86_400_000)
ALPHA, BETA = ContractId("alpha"), ContractId("beta")
TENANT_A, TENANT_B, TENANT_C = TenantId("a"), TenantId("b"), TenantId("c")


def at(sequence: int) -> Cursor:
    """Return the cursor after so many records."""
    segment = Segment(1, 1, sequence, 100 * sequence)
    return Cursor(NODE, Head(sequence, f"digest-{sequence}"), sequence, segment=segment)


def judged(contract: ContractId = ALPHA, tenant: TenantId = TENANT_A, digest: str = "e1") -> Judged:
    """Return an evaluation."""
    return Judged(contract, tenant, "2026-07", 10, "f", digest, "{}", "{}", 20)


def entry(revision: int = 1, amount: int = 500, evaluation: str = "e1") -> Entry:
    """Return a pending entry."""
    return Entry(
        key_of(ALPHA, "2026-07", "availability", revision),
        ALPHA,
        TENANT_A,
        "2026-07",
        "availability",
        revision,
        Status.PENDING,
        amount,
        "USD",
        lines_of(Status.PENDING, amount),
        None,
        evaluation,
    )


def posted(revision: int = 1, amount: int = 500) -> Entry:
    """Return a posted entry."""
    status = Status.POSTED
    return replace(entry(revision, amount), status=status, lines=lines_of(status, amount))
