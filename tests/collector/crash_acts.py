"""
What a collector has to do in the runs that crash: each act, and what came before it.

One tray of four GPUs at 1,000.00 a month.  On 1 July all four are down, on 2 August one is.  So of
the first 15 days 4 of 60 GPU-days are lost (93.3 % delivered: a tenth of the fee), of 28 days 4 of
112 and of July 4 of 124 (96.4 % and 96.8 %: a twentieth), of August until the 4th 1 of 12 (91.7 %:
a tenth).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gpusla.ledger.entries import Status
from gpusla.ledger.release import Policy
from gpusla_collector.adapters.evidence import EvidenceFiles
from gpusla_collector.ports import Approval, Store
from gpusla_collector.usecases.book_credits import EVERYTHING_AT_ONCE
from tests.collector.fakes import HandClock
from tests.collector.journals import DOWN
from tests.collector.site import Tray
from tests.collector.stage import AUGUST_MS, DAY_MS, START_MS, Stage

TRAY = Tray("t01", "alpha-2026")
CONTRACT = ("Contract", "contracts/alpha-2026.yaml")
PAGE_RECORDS = 9
SECOND_OF_AUGUST = (AUGUST_MS - START_MS) // DAY_MS + 1
ON_CLAIM = "claims: {mode: on_claim, deadline: {anchor: end_of_period, days: 30}}\nstatement:"
CLAIMED = {
    ("Claims", "claims.yaml"): """\
apiVersion: gpusla/v1
kind: Claims
claims:
  - {id: k-1, contract: alpha-2026, period: 2026-07, claimed_at: 2026-08-04T09:00:00Z,
     by: tenant, reference: ticket, recorded_at: 2026-08-04T10:00:00Z}
"""
}
TWO_PEOPLE = Policy(above_minor_units={"USD": 10_00}, approvers=frozenset({"ada", "grace"}))
Told = tuple[tuple[str, Status, int], ...]
"""What entries say: period, status and minor units, in the order of booking."""


@dataclass(frozen=True, slots=True)
class Moment:
    """
    One time at which a collector works.

    day: of the term, counted from 0; the journal has a record of each day before it.  files: what
    people wrote since.  approved_by: who has approved whatever was proposed.
    """

    day: int
    files: Mapping[tuple[str, str], str] = field(default_factory=dict)
    approved_by: tuple[str, ...] = ()


MIDDLE, LATE, CLOSED = Moment(15), Moment(28), Moment(34)
RELEASED = Moment(34, approved_by=("ada", "grace"))
ASKED = Moment(36, CLAIMED)
ACCRUED: Told = (("2026-07", Status.PENDING, 100_00),)
FALLEN: Told = (("2026-07", Status.VOID, -100_00), ("2026-07", Status.PENDING, 50_00))
AUGUST: Told = (("2026-08", Status.PENDING, 100_00),)
POSTED: Told = (("2026-07", Status.VOID, -50_00), ("2026-07", Status.POSTED, 50_00))


@dataclass(frozen=True, slots=True)
class Act:
    """
    What is to be done, and what the ledger says in the end, worked out by hand.

    before: when collectors worked undisturbed; at: when they crash.
    """

    name: str
    before: tuple[Moment, ...]
    at: Moment
    told: Told
    policy: Policy = EVERYTHING_AT_ONCE
    is_on_claim: bool = False

    def stage(self, moment: Moment, evidence: Path) -> Stage:
        """Return a collector's surroundings at a moment, on no database yet."""
        clock = HandClock(START_MS + moment.day * DAY_MS)
        stage = Stage((TRAY,), clock, evidence=EvidenceFiles(evidence))
        stage.agents.page_records = PAGE_RECORDS
        journal = stage.journal(TRAY.tray)
        for day in range(moment.day):
            at_ms = START_MS + day * DAY_MS
            bad = {0: journal.slots, SECOND_OF_AUGUST: journal.slots[1:2]}.get(day, ())
            journal.observe(at_ms, at_ms + DAY_MS - 1_000, dict.fromkeys(bad, DOWN))
        if self.is_on_claim:
            text = stage.files.texts[CONTRACT]
            stage.files.texts[CONTRACT] = text.replace("statement:", ON_CLAIM)
        stage.files.texts |= moment.files
        return stage


def approve(store: Store, moment: Moment) -> None:
    """Let people approve what is proposed."""
    for proposal in store.proposals():
        for person in moment.approved_by:
            store.approve(Approval(proposal.digest, person, START_MS + moment.day * DAY_MS))


ACTS = (
    Act("take in and accrue", (), MIDDLE, ACCRUED),
    Act("accrue less", (MIDDLE,), LATE, (*ACCRUED, *FALLEN)),
    Act("close", (MIDDLE, LATE), CLOSED, (*ACCRUED, *FALLEN, *AUGUST, *POSTED)),
    Act("propose", (LATE,), CLOSED, (*FALLEN[1:], *AUGUST), TWO_PEOPLE),
    Act("release", (LATE, CLOSED), RELEASED, (*FALLEN[1:], *AUGUST, *POSTED), TWO_PEOPLE),
    Act(
        "correct",
        (CLOSED,),
        ASKED,
        (
            ("2026-07", Status.POSTED, 0),
            ("2026-07", Status.POSTED, 0),
            ("2026-07", Status.POSTED, 50_00),
        ),
        is_on_claim=True,
    ),
)
