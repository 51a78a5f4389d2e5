"""The table of families: every reason has one place in it, and the page shows what it says."""

import re
from pathlib import Path

from gpusla.catalogue.reasons import REASONS, State
from gpusla.incidents.families import BY_NAME, FAMILIES, MINUTE_MS, Rung, family_of
from gpusla.incidents.model import Scope

PAGE = Path(__file__).resolve().parents[3] / "docs" / "concepts" / "incidents.md"


def test_every_reason_that_takes_time_belongs_to_exactly_one_family() -> None:
    """And to one that is blind exactly if its state is unknown."""
    named = [reason for family in FAMILIES for reason in family.reasons]
    assert sorted(named) == sorted(r.name for r in REASONS.values() if r.state is not State.OK)
    for family in FAMILIES:
        states = {REASONS[reason].state for reason in family.reasons}
        assert (states == {State.UNKNOWN}) is family.is_blind
        assert set(family.brings) <= set(BY_NAME)


def test_a_reason_that_nobody_knows_is_put_down_to_its_state() -> None:
    """A newer agent's words break nothing."""
    assert family_of(State.DOWN, ["made_up"]).name == "recovery"
    assert family_of(State.UNKNOWN, []).name == "silence"


def test_the_page_shows_the_table() -> None:
    """Row by row; so nobody reads rules that are not in force."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.read_text("utf-8").splitlines()
        if re.match(r"\| `", line)
    ]
    assert rows == [
        [
            f"`{family.name}`" + (" (unknown)" if family.is_blind else ""),
            ", ".join(family.reasons),
            *(rung_in(family.rungs, scope) for scope in (Scope.NODE, Scope.DOMAIN, Scope.SITE)),
            ", ".join(family.brings),
        ]
        for family in FAMILIES
    ]


def rung_in(rungs: tuple[Rung, ...], scope: Scope) -> str:
    """A rung in the page's words."""
    for rung in rungs:
        if rung.scope is scope:
            share = "half" if rung.share_min else f"{rung.domains_min} whole domains"
            if rung.share_min and rung.share_min.numerator / rung.share_min.denominator < 1 / 3:
                share = f"{rung.share_min * 72} of 72"
            return f"{share}, {rung.start_tolerance_ms // MINUTE_MS} min"
    return ""
