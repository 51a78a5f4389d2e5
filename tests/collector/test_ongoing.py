"""What goes on is told cause by cause, with what it takes and what the time was worth."""

import pytest

from tests.collector.journals import DOWN
from tests.collector.pages import figures
from tests.collector.site import Tray
from tests.collector.stage import ALPHA, DAY_MS, HOUR_MS, START_MS, Stage

FEE = 1000
MONTH_HOURS = 744


def incidents(found: dict[str, float]) -> dict[str, float]:
    """Only what is said of incidents."""
    return {name: value for name, value in found.items() if name.startswith("incident_")}


def site() -> Stage:
    """A tray of four GPUs for 1000 dollars a month."""
    return Stage((Tray("t01", ALPHA, fee=f"{FEE}.00"),))


def test_a_tray_that_fails_is_one_cause_however_many_gpus_it_has() -> None:
    """Two GPUs since 18:00, together; six hours of half of what 1000 dollars a month buy."""
    stage = site()
    journal = stage.journal()
    edge_ms = START_MS + 18 * HOUR_MS
    journal.observe(START_MS, edge_ms - 1_000)
    journal.observe(edge_ms, START_MS + DAY_MS, dict.fromkeys(journal.slots[:2], DOWN))
    found = incidents(figures(stage, START_MS + DAY_MS))
    where = "c2/r01/t01 gpu_lost"
    assert found[f"incident_gpus {where}"] == 2
    # The change lies between two samples, a second apart, and is a span of its own.
    since = found[f"incident_start_timestamp_seconds {where}"]
    assert (edge_ms - 1_000) / 1000 <= since <= edge_ms / 1000
    lost = found[f"incident_lost_fee {where}"]
    assert lost == pytest.approx(FEE * 6 / MONTH_HOURS / 2, rel=1 / 3600)
    assert len(found) == 3


def test_what_is_over_is_told_no_more() -> None:
    """It stays in the month's account, and no series says that it goes on."""
    stage = site()
    journal = stage.journal()
    journal.observe(START_MS, START_MS + HOUR_MS, {journal.slots[0]: DOWN})
    journal.observe(START_MS + HOUR_MS + 1_000, START_MS + DAY_MS)
    assert not incidents(figures(stage, START_MS + DAY_MS))


def test_a_fleet_that_is_well_has_no_sample() -> None:
    """Nothing is absent, never zero."""
    stage = site()
    stage.journal().observe(START_MS, START_MS + DAY_MS)
    assert not incidents(figures(stage, START_MS + DAY_MS))
