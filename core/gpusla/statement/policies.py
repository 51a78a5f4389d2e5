"""Every choice of a contract that a figure depends on, in words, as name and value."""

from collections.abc import Iterator

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Objective
from gpusla.contracts.words import duration, words
from gpusla.statement.numbers import shortest
from gpusla.statement.words import across_words, cap_words, unit_words, unknown_words

_NAMED = ("kind", "comparison", "scope", "granularity", "denominator", "value_rounding")


def policies(
    contract: ContractVersion, objective: Objective | None = None
) -> Iterator[tuple[str, str]]:
    """Yield the knife-edges of one objective, or, for none, those of the whole contract."""
    yield from _of_contract(contract) if objective is None else _of_one(contract, objective)


def _of_contract(contract: ContractVersion) -> Iterator[tuple[str, str]]:
    yield "Capacity", f"counts {unit_words(contract.capacity)}"
    yield "Part of a period", contract.fees.proration.value.replace("_", " ")
    yield "Rounding", f"{contract.fees.rounding.value.replace('_', ' ')}, once, at the total"
    yield "Objectives", across_words(contract.combination.across)
    for cap in contract.combination.caps:
        yield "Cap", cap_words(contract, cap)
    yield "Claims", contract.claims.mode.value.replace("_", " ")
    for rule in contract.exclusion_rules:
        notice = f"{duration(rule.notice_ms)} notice" if rule.notice_ms else "no notice"
        asked = "with approval" if rule.needs_approval else "without approval"
        yield "Exclusion rule", f"{rule.id}: {rule.kind}, {notice}, {asked}"
    if contract.statement.grade_min:
        grade, late = contract.statement.grade_min, duration(contract.statement.final_after_ms)
        yield "Evidence", f"of grade {grade} or better; final {late} after the period's end"


def _of_one(contract: ContractVersion, objective: Objective) -> Iterator[tuple[str, str]]:
    currency = contract.fees.currency
    for name in _NAMED:
        said = words(name, getattr(objective, name), currency)
        yield name.replace("_", " "), said.replace("_", " ")
    yield "target", f"{shortest(objective.target * 100)} %"
    unseen = unknown_words(objective).removeprefix("time that nobody observed ")
    yield "unobserved time", unseen
    yield "degraded counts", f"{shortest(objective.degraded.default * 100)} %"
    yield "shortest outage", duration(objective.min_outage.length_ms)
    yield "clock error", duration(objective.clock_error_ms)
