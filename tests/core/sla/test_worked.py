"""Worked examples: what a contract's own words come to, and the sentence where they do not."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from gpusla.contracts.model import (
    CapacityUnit,
    ContractVersion,
    ExampleOutage,
    RampStep,
    WorkedExample,
)
from gpusla.contracts.promises import (
    Kind,
    Performance,
    PerformanceSource,
    RequestMode,
    Requests,
    WindowKind,
)
from gpusla.contracts.remedies import ClaimMode, ExclusionRule, HoursPer
from gpusla.sla.worked import judged, mismatches
from tests.core.contracts.terms import FEE_MINOR_UNITS as FEE
from tests.core.contracts.terms import contract, objective
from tests.core.sla.making import DAY_MS, HOUR_MS

RULE = ExclusionRule("planned", "maintenance", 7 * DAY_MS, 0, HoursPer.SLOT, 0, needs_approval=True)


def out(
    gpus: int, start_hours: int, hours: int, state: str = "down", excluded_by: str = ""
) -> ExampleOutage:
    """An outage by hours of the period."""
    return ExampleOutage(gpus, start_hours * HOUR_MS, hours * HOUR_MS, state, excluded_by)


def example(
    *outages: ExampleOutage,
    availability: str | None = "1",
    credit: int = 0,
    period: str = "2026-10",
) -> WorkedExample:
    """One example of October."""
    reached = None if availability is None else Fraction(availability)
    return WorkedExample("a bad day", period, outages, reached, credit)


def racks(*examples: WorkedExample, gpus: int = 144, **changes: Any) -> ContractVersion:
    """Two racks of which 64 GPUs must be healthy at a time, with examples."""
    capacity = {
        "unit": CapacityUnit.NVL72_DOMAIN,
        "gpus_per_unit": 72,
        "min_healthy_gpus": 64,
        "ramp": (RampStep(date(2026, 7, 1), gpus),),
    }
    return contract(**{"capacity": capacity, "examples": examples, **changes})


@pytest.mark.parametrize(
    ("outages", "availability", "percent"),
    [
        # October has 744 hours; two racks are 144 GPUs, so 144 * 744 GPU-hours.
        ([], "1", 0),
        # Eight GPUs of a rack: 8 * 24 hours are lost, and the other 64 count.
        ([out(8, 24, 24)], f"{144 * 744 - 8 * 24}/{144 * 744}", 0),
        # Nine: the whole rack is lost.  72 * 24 of 107136 hours: 98.39 %.
        ([out(9, 24, 24)], f"{144 * 744 - 72 * 24}/{144 * 744}", 5),
        # 73 GPUs are one rack and one GPU of the next.
        ([out(73, 24, 24)], f"{144 * 744 - 73 * 24}/{144 * 744}", 5),
        # Unknown counts against the provider here; a slow GPU counts in full.
        ([out(144, 24, 24, "unknown")], "720/744", 10),
        ([out(144, 24, 24, "thermal_slowdown")], "1", 0),
        # Two outages at a time are no more than both racks being down: 30 of 744 hours.
        ([out(144, 24, 24), out(144, 36, 18)], "714/744", 10),
        ([out(144, 24, 24, "thermal_slowdown"), out(72, 24, 24)], "732/744", 5),
        # What was agreed in time is given back; the rest of the time is not.
        ([out(144, 24, 24, "down", "planned")], "1", 0),
        ([out(144, 24, 24, "down", "planned"), out(144, 48, 24)], "720/744", 10),
        # An outage over the period's end counts as far as it goes.
        ([out(144, 732, 24)], "732/744", 5),
    ],
)
def test_an_example_is_judged_as_if_it_had_happened(
    outages: list[ExampleOutage], availability: str, percent: int
) -> None:
    """All that is committed is there and ok, but for what the example says."""
    good = example(*outages, availability=availability, credit=FEE * percent // 100)
    assert mismatches(racks(good, exclusion_rules=(RULE,))) == ()


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (
            example(out(144, 24, 24), availability="99/100", credit=FEE // 10),
            (
                "example 'a bad day' of 2026-10 expects availability 99/100 and a credit of "
                "USD 15,000,000.00, and its terms give availability 30/31 and a credit of "
                "USD 15,000,000.00"
            ),
        ),
        (
            example(out(144, 24, 24), availability=None, credit=1),
            (
                "example 'a bad day' of 2026-10 expects a credit of USD 0.01, and its terms give "
                "availability 30/31 and a credit of USD 15,000,000.00"
            ),
        ),
        (
            example(period="2031-01"),
            (
                "example 'a bad day': contract acme-2026 has no period '2031-01'. "
                "Its periods run from 2026-07 to 2029-12. [GS4006]"
            ),
        ),
    ],
)
def test_an_example_that_comes_to_something_else_is_told_in_a_sentence(
    one: WorkedExample, sentence: str
) -> None:
    """What it expects, and what its terms give."""
    assert mismatches(racks(example(), one)) == (sentence,)


@pytest.mark.parametrize(
    ("unit", "size", "lost_gpus"),
    [
        # Five GPUs fail.  Of a node of four, one is whole and one has three left: too few.
        (CapacityUnit.GPU, 1, 5),
        (CapacityUnit.NODE, 4, 8),
        (CapacityUnit.NVL72_DOMAIN, 8, 8),
        (CapacityUnit.CLUSTER, 16, 16),
    ],
)
def test_gpus_are_taken_from_the_units_in_order(
    unit: CapacityUnit, size: int, lost_gpus: int
) -> None:
    """In nodes, domains or a cluster, all of which must be whole here."""
    capacity = {
        "unit": unit,
        "gpus_per_unit": size,
        "min_healthy_gpus": size,
        "ramp": (RampStep(date(2026, 7, 1), 16),),
    }
    found = judged(contract(capacity=capacity), example(out(5, 24, 24)))
    assert found.account.lost_gpu_ms == lost_gpus * DAY_MS
    assert found.account.held_gpu_ms == 16 * 31 * DAY_MS


def test_what_is_committed_later_is_not_there_before_and_is_not_burning_in() -> None:
    """From the 16th twice as much: 15 days of one rack and 16 of two."""
    ramp = (RampStep(date(2026, 7, 1), 72), RampStep(date(2026, 10, 16), 144))
    of = racks(
        capacity={
            "unit": CapacityUnit.NVL72_DOMAIN,
            "gpus_per_unit": 72,
            "min_healthy_gpus": 64,
            "ramp": ramp,
            "acceptance": {"burn_in_ms": 3 * DAY_MS},
        }
    )
    quiet = judged(of, example())
    assert quiet.account.committed_gpu_ms == 72 * (15 + 2 * 16) * DAY_MS
    assert quiet.account.lost_gpu_ms == 0
    early = judged(of, example(out(72, 24, 24)))
    assert early.account.lost_gpu_ms == 72 * DAY_MS


def test_what_an_example_does_not_speak_of_is_as_promised() -> None:
    """Requests are served, units perform at their floor; a claim was made in time."""
    of = racks(
        example(out(144, 24, 24), availability="30/31", credit=FEE // 10),
        objectives=(
            objective(),
            objective(
                id="api",
                kind=Kind.REQUEST_RATIO,
                requests=Requests(RequestMode.MEAN_OF_SLOTS, HOUR_MS, 10, Fraction(0)),
            ),
            objective(
                id="nccl",
                kind=Kind.PERFORMANCE,
                performance=Performance(PerformanceSource.MEASUREMENTS, (), "busbw", Fraction(800)),
            ),
        ),
        claims={"mode": ClaimMode.ON_CLAIM},
    )
    assert mismatches(of) == ()
    values = [outcome.value.value for outcome in judged(of, of.examples[0]).outcomes]
    assert values == [Fraction(30, 31), 1, 1]


def test_a_longer_window_is_quiet_before_the_period() -> None:
    """Of sixty days before the end, one was down."""
    window = {"kind": WindowKind.ROLLING_DAYS, "days": 60}
    of = racks(objectives=(objective(window=window),))
    found = judged(of, example(out(144, 24, 24)))
    assert found.outcomes[0].value.value == Fraction(59, 60)


def test_an_example_of_an_amended_contract_is_of_its_own_part_of_the_period() -> None:
    """It begins on the 16th; hours still count from the start of the whole period."""
    late = racks(effective_from=date(2026, 10, 16), version=2)
    found = judged(late, example(out(144, 15 * 24, 24)))
    assert found.period.key == "2026-10-v2"
    assert found.outcomes[0].value.value == Fraction(15, 16)
