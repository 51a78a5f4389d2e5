"""Exclusion rules and records for tests, plain unless a test says otherwise."""

from collections.abc import Sequence

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.remedies import ExclusionRule, HoursPer
from gpusla.identity import ContractId, Slot
from gpusla.inventory.model import ExclusionRecord
from tests.core.contracts.terms import contract

SLOTS = [Slot("c2", "r01", "t01", f"m{module}") for module in range(4)]


def rule(id_: str = "planned", **terms: object) -> ExclusionRule:
    """A rule for maintenance that asks for nothing else unless it is said."""
    plain: dict[str, object] = {
        "kind": "maintenance",
        "notice_ms": 0,
        "hours_max_ms": 0,
        "hours_per": HoursPer.SLOT,
        "length_max_ms": 0,
        "needs_approval": False,
    }
    return ExclusionRule(id=id_, **(plain | terms))  # type: ignore[arg-type]


def record(
    start_ms: int,
    end_ms: int | None,
    *,
    id_: str = "e1",
    slots: Sequence[Slot] = SLOTS[:1],
    kind: str = "maintenance",
    clause: str = "planned",
    approver: str = "provider",
    notice_ms: int | None = None,
    recorded_ms: int = -9,
) -> ExclusionRecord:
    """An exclusion of the first slot."""
    return ExclusionRecord(
        id_,
        start_ms,
        end_ms,
        recorded_ms,
        None,
        False,  # noqa: FBT003
        tuple(slots),
        ContractId("acme-2026"),
        kind,
        "firmware",
        clause,
        approver,
        notice_ms,
    )


def under(*rules: ExclusionRule) -> ContractVersion:
    """The contract with these rules."""
    return contract(exclusion_rules=rules)
