"""What the rules make of a page: never ok without what ok needs."""

from gpusla.catalogue.reasons import HEALTH_UNREADABLE, State
from gpusla.health import Memory, judge
from gpusla.identity import Slot
from gpusla.readings import Expected
from tests.agent.dcgm_exporter.test_source import SYNTHETIC, Exporter, source
from tests.fakes import FakeClock


def test_a_default_page_gives_no_verdict_of_ok() -> None:
    """It lacks the recovery action, so the slot is unknown, with the reason."""
    text = (SYNTHETIC / "h100-4.9.0.prom").read_text("utf-8")
    seen = source(Exporter(text), FakeClock()).sample()
    slot = Slot("c2", "r01", "t03", "m1")
    uuid = next(iter(seen.gpus))
    judged, _ = judge([Expected(slot, 1, uuid, "h100")], seen, Memory())
    condition = judged.conditions[slot]
    assert condition.state is State.UNKNOWN
    assert HEALTH_UNREADABLE.name in {finding.reason for finding in condition.findings}
