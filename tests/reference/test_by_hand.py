"""
The second opinion itself is right: it comes to what was reckoned by hand, case by case.

Only tables of few ticks: it is slow, and the engine comes to the same figures for all of them.
"""

from fractions import Fraction

import pytest

from gpusla.contracts.promises import Kind
from tests.core.sla.notation import Scene, scene
from tests.core.sla.presets import PRESETS
from tests.core.sla.test_cases import CASES
from tests.reference.case import BOUNDS, Case, ticks_of
from tests.reference.evaluator import Opinion, evaluate

SLOT_TICKS_MAX = 20_000
KNOWN = ("availability", "lost", "total", "missed", "credit")


def as_case(made: Scene) -> Case:
    """A scene as the second opinion is given it; its fee is one for the whole term, undivided."""
    contract, period = made.contract, made.period()
    fee = contract.fees.recurring[0].minor_units or contract.fees.shadow_minor_units
    return Case(
        contract=contract,
        window=period.interval,
        until_ms=made.until_ms(period),
        facts=made.facts(period),
        fee=Fraction(fee),
        first_day_fee=Fraction(fee),
        committed=((0, contract.capacity.ramp[0].gpus),),
        period_starts=(period.whole.start_ms, period.whole.end_ms),
        deadline_ms=period.interval.end_ms,
        is_last=False,
    )


def read(line: str, preset: str) -> tuple[Scene, dict[str, str]]:
    """A line's scene, and what it expects of what the second opinion knows."""
    _, options, slots, expected = (part.strip() for part in line.split("|"))
    wanted = dict(item.strip().split(" ", 1) for item in expected.split(" ; "))
    known = {name: text for name, text in wanted.items() if name.rpartition(".")[2] in KNOWN}
    return scene(options, slots, PRESETS[preset]), known


def is_small(preset: str, line: str) -> bool:
    """Whether the second opinion takes less than a second."""
    made, known = read(line, preset)
    return bool(known) and len(made.rows) * ticks_of(as_case(made)).count <= SLOT_TICKS_MAX


SMALL = [pair for pair in CASES if is_small(*pair)]


@pytest.mark.parametrize(("preset", "line"), SMALL, ids=lambda text: text.split(" | ")[0])
def test_the_second_opinion_comes_to_the_same_by_hand(preset: str, line: str) -> None:
    """What a line expects of value, lost, total, miss and credit."""
    made, wanted = read(line, preset)
    found = figures(evaluate(as_case(made)), made.tick_ms)
    assert {name: found[name] for name in wanted} == wanted


def test_most_tables_are_small_enough() -> None:
    """And most families of published terms have some that are."""
    assert len(SMALL) >= 160
    assert len({preset for preset, _ in SMALL}) >= 13


def figures(opinion: Opinion, tick_ms: int) -> dict[str, str]:
    """What the second opinion says, in the words of the tables."""
    cents = opinion.settled.credit
    found = {"credit": _one_or_three([f"{cents[b] // 100}.{cents[b] % 100:02}" for b in BOUNDS])}
    for number, judged in enumerate(opinion.judged):
        unit = 1 if judged.objective.kind is Kind.REPLACEMENT_TIME else tick_ms
        lost, total = (
            [str(by_value[bound] / unit) for bound in reversed(BOUNDS)]
            for by_value in (judged.measured.lost, judged.measured.total)
        )
        value = ["none" if one is None else str(one) for one in judged.value.values()]
        for name, texts in (("lost", lost), ("total", total), ("availability", value)):
            found[f"{judged.objective.id}.{name}"] = _one_or_three(texts)
        found[f"{judged.objective.id}.missed"] = "yes" if judged.is_missed else "no"
        if number == 0:
            first = f"{judged.objective.id}."
            found |= {n.removeprefix(first): t for n, t in found.items() if n.startswith(first)}
    return found


def _one_or_three(texts: list[str]) -> str:
    return texts[0] if len(set(texts)) == 1 else " ".join(texts)
