"""Credits: tiers and rows in order, without gaps, each of them within reach."""

from fractions import Fraction
from itertools import pairwise

from gpusla.catalogue.codes import CONTRACT_SEMANTICS, TIERS_OVERLAP
from gpusla.contracts.checks.places import Path, refuse
from gpusla.contracts.event_tables import first_break, rows_of
from gpusla.contracts.schema import ContractForm
from gpusla.contracts.schema_promises import ObjectiveForm
from gpusla.contracts.schema_remedies import HourWaiverForm, PerEventTableForm, StepForm, TierForm
from gpusla.documents import Document

_MS_AN_HOUR = 3_600_000
_DECIMALS_OF_PERCENT = 2


def check_credits(document: Document, form: ContractForm) -> None:
    """Raise ContractError for a credit that is ambiguous or can never be given."""
    for number, slo in enumerate(form.slos):
        path: Path = ("slos", number, "credit")
        match slo.credit:
            case StepForm():
                _check_tiers(document, (*path, "tiers"), slo, slo.credit.tiers)
            case PerEventTableForm():
                _check_rows(document, (*path, "rows"), slo, slo.credit)
            case HourWaiverForm() if slo.credit.more_than >= _MS_AN_HOUR:
                raise refuse(
                    document,
                    (*path, "more_than"),
                    CONTRACT_SEMANTICS,
                    "no clock hour has more down time than this",
                    "Write less than PT1H.",
                )


def _check_tiers(document: Document, path: Path, slo: ObjectiveForm, tiers: list[TierForm]) -> None:
    for number, (upper, lower) in enumerate(pairwise(tiers), start=1):
        if not (lower.below < upper.below and lower.percent > upper.percent):
            raise refuse(
                document,
                (*path, number),
                TIERS_OVERLAP,
                "this tier does not lie below the one before it with a larger percentage",
            )
    if tiers[0].below > slo.target:
        raise refuse(
            document,
            (*path, 0, "below"),
            CONTRACT_SEMANTICS,
            "the first tier credits a value that meets the target",
            "Let it begin at the target or below.",
        )
    if slo.value_rounding != "none":
        _check_rounded_tiers(document, path, slo, tiers)


def _check_rounded_tiers(
    document: Document, path: Path, slo: ObjectiveForm, tiers: list[TierForm]
) -> None:
    """Refuse a tier between two neighbouring values of those that rounding leaves."""
    decimals = int(slo.value_rounding.rpartition(":")[2]) + _DECIMALS_OF_PERCENT
    floors = [lower.below for lower in tiers[1:]]
    for number, (tier, floor) in enumerate(zip(tiers, [*floors, None], strict=True)):
        is_included = slo.comparison == "at_or_below"
        highest = _highest(tier.below, decimals, is_included=is_included)
        below_floor = floor is not None and (highest <= floor if is_included else highest < floor)
        if highest < 0 or below_floor:
            raise refuse(
                document,
                (*path, number, "below"),
                CONTRACT_SEMANTICS,
                f"no value rounded by {slo.value_rounding} falls into this tier",
                "Write a threshold with as many decimals as the value keeps.",
            )


def _highest(below: Fraction, decimals: int, *, is_included: bool) -> Fraction:
    """Return the highest value of so many decimals that lies below a threshold, or on it."""
    scaled = below * 10**decimals
    whole = scaled.numerator // scaled.denominator
    if scaled == whole and not is_included:
        whole -= 1
    return Fraction(whole, 10**decimals)


def _check_rows(
    document: Document, path: Path, slo: ObjectiveForm, credit: PerEventTableForm
) -> None:
    rows = credit.rows
    for number, row in enumerate(rows):
        _check_end(document, (*path, number), credit, number)
        if row.end_ms is not None and row.end_ms <= row.start_ms:
            raise refuse(
                document,
                (*path, number, "until"),
                TIERS_OVERLAP,
                "this row ends no later than it begins",
                "Write a longer time, or correct `from`.",
            )
    for number, (lower, upper) in enumerate(pairwise(rows), start=1):
        is_rising = lower.start_ms < upper.start_ms and lower.hours < upper.hours
        is_longer = upper.end_ms is None or (lower.end_ms or 0) < upper.end_ms
        if not (is_rising and is_longer):
            raise refuse(
                document,
                (*path, number),
                TIERS_OVERLAP,
                "this row is not of longer outages than the one before it with more hours",
                "List the rows from the shortest outages to the longest, each with more hours.",
            )
    _check_gaps(document, path, credit)
    _check_reach(document, path, slo, credit)


def _check_end(document: Document, path: Path, credit: PerEventTableForm, number: int) -> None:
    is_last = number == len(credit.rows) - 1
    has_end = credit.rows[number].end_ms is not None
    if is_last and has_end:
        raise refuse(
            document,
            (*path, "until"),
            TIERS_OVERLAP,
            "a longer outage than those of the last row would give nothing",
            "Leave `until` out of the last row.",
        )
    if not is_last and not has_end:
        raise refuse(
            document,
            path,
            TIERS_OVERLAP,
            "only the last row may have no end",
            "Add `until`.",
        )


def _check_gaps(document: Document, path: Path, credit: PerEventTableForm) -> None:
    number = first_break(credit.rows)
    if credit.gap_policy != "error" or number is None:
        return
    lower, upper = credit.rows[number - 1], credit.rows[number]
    words = "leaves a gap after" if (lower.end_ms or 0) < upper.start_ms else "overlaps"
    raise refuse(
        document,
        (*path, number, "from"),
        TIERS_OVERLAP,
        f"this row {words} the one before it",
        "Let it begin where that one ends, or add `gap_policy` with lower or upper.",
    )


def _check_reach(
    document: Document, path: Path, slo: ObjectiveForm, credit: PerEventTableForm
) -> None:
    """Refuse rows of outages that min_outage forgives anyway."""
    shortest = slo.min_outage
    if shortest is None or shortest.count != "whole_run" or shortest.splits:
        return
    end_ms = rows_of(credit)[0].until_ms
    if end_ms is not None and end_ms <= shortest.length:
        raise refuse(
            document,
            (*path, 0),
            CONTRACT_SEMANTICS,
            "no outage this short counts, as min_outage says",
            "Remove the row, or shorten min_outage.",
        )
