"""
The engine and the second opinion come to the same figures, case by case.

GPUSLA_AGREEMENT_CASES says on how many seeded cases; GPUSLA_AGREEMENT_FROM with which seed they
begin.  tests.reference.million goes on for longer.
"""

import os

import pytest
from hypothesis import HealthCheck, given, settings

from tests.core.sla.strategies import generated_cases
from tests.reference.agreement import differences
from tests.reference.generator import Generated, seeded
from tests.reference.show import show
from tests.reference.shrink import shrink

CASES = int(os.environ.get("GPUSLA_AGREEMENT_CASES", "1200"))
FIRST = int(os.environ.get("GPUSLA_AGREEMENT_FROM", "0"))
PARTS = 20


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_the_engine_and_the_second_opinion_agree(part: int) -> None:
    """Value, bounds, lost, total, tier, credit and lines are the same for every seed."""
    for seed in range(FIRST + part, FIRST + CASES, PARTS):
        made = seeded(seed)
        if differences(made):
            pytest.fail(told(made, f"seed {seed}"), pytrace=False)


@pytest.mark.slow
@given(generated_cases())
@settings(max_examples=200, suppress_health_check=list(HealthCheck))
def test_they_agree_on_what_hypothesis_finds(made: Generated) -> None:
    """Hypothesis looks where a seed does not, and makes what it finds small."""
    found = differences(made)
    assert not found, told(made, "hypothesis")


def told(made: Generated, name: str) -> str:
    """Return a small case in which the two still differ, in words."""
    small = shrink(made, lambda one: bool(differences(one)))
    lines = [f"{name}:", show(small.case), *map(str, differences(small))]
    return "\n".join(lines)
