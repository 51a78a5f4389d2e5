"""What people may write and nodes may say, of the years 1 to 9999, is read back from facts."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gpusla.contracts.model import ContractVersion
from gpusla.documents import parse
from gpusla.instants import INSTANT_MAX_MS, INSTANT_MIN_MS
from gpusla.inventory.load import read_exclusions, read_inventory
from gpusla.inventory.model import ExclusionRecord
from gpusla.sla.digest import digest
from gpusla.sla.evaluate import evaluate
from gpusla.sla.facts import Facts, Holding
from gpusla.sla.facts_file import RecordedFacts, from_json, to_json
from gpusla.sla.periods import period_of
from gpusla.timeline.build import build
from gpusla.timeline.model import StateSpan
from tests.core.sla.excluding import SLOTS, record, rule, under
from tests.core.sla.test_facts_file import DOWN, OK

HOUR_MS = 3_600_000
CONTRACT = under(rule(), rule("told", notice_ms=7 * 24 * HOUR_MS))
MONTH = period_of(CONTRACT, "2026-10")
INSTANTS = st.integers(INSTANT_MIN_MS, INSTANT_MAX_MS)

INVENTORY = """\
apiVersion: gpusla/v1
kind: Inventory
metadata: {site: c2}
nodes:
  - {id: a, node: a, address: "http://a:1", rack: r01, tray: t01, sku: gb300, modules: [1],
     from: 0001-01-01T00:00:00Z, recorded_at: 2026-01-01T00:00:00Z}
"""
UNTIL_FURTHER_NOTICE = """\
apiVersion: gpusla/v1
kind: Exclusions
exclusions:
  - {id: e, slots: [c2/r01/t01], contract: acme-2026, kind: maintenance, reason: r, clause: planned,
     approver: tenant, from: 0001-01-01T00:00:00Z, until: 9999-12-31T23:59:59.999Z,
     notice_at: 0001-01-01T00:00:00Z, recorded_at: 9999-12-31T23:59:59.999Z}
"""


def facts(*exclusions: ExclusionRecord, error_ms: int = 0) -> Facts:
    """Four slots, the first of which is down for the month's first three hours."""
    month = MONTH.interval
    fallen_ms = month.start_ms + 3 * HOUR_MS
    spans = [
        StateSpan(SLOTS[0], month.start_ms, fallen_ms, DOWN, error_ms=error_ms),
        StateSpan(SLOTS[0], fallen_ms, month.end_ms, OK, error_ms=error_ms),
        *(StateSpan(slot, month.start_ms, month.end_ms, OK) for slot in SLOTS[1:]),
    ]
    held = {slot: (Holding(month, "gb300"),) for slot in SLOTS}
    return Facts(build(spans, held, month), held, exclusions, claimed_ms=INSTANT_MAX_MS)


def judged(given: Facts, contract: ContractVersion = CONTRACT) -> str:
    """The digest of October's judgement."""
    return digest(evaluate(contract, MONTH, MONTH.interval.end_ms, given, versions=(contract,)))


def read_back(given: Facts) -> Facts:
    """The same from a file."""
    written = to_json(RecordedFacts(CONTRACT.id, "2026-10", MONTH.interval.end_ms, given))
    recorded = from_json(written, "facts.json")
    assert to_json(recorded) == written
    return recorded.facts


def test_an_exclusion_until_further_notice_is_read_back_as_the_inventory_reads_it() -> None:
    """From the first instant that can be written to the last one."""
    inventory = read_inventory(parse(INVENTORY.encode(), "i.yaml"))
    found = read_exclusions(parse(UNTIL_FURTHER_NOTICE.encode(), "e.yaml"), inventory)
    given = facts(*found.records)
    assert tuple(read_back(given).exclusions) == found.records
    assert judged(read_back(given)) == judged(given)


def test_a_clock_that_is_off_by_as_much_as_is_taken_in_is_read_back() -> None:
    """A collector takes in spans of a clock 2^46 ms off, and even of one off by all time."""
    for error_ms in (2**46, INSTANT_MAX_MS):
        given = facts(error_ms=error_ms)
        assert read_back(given).timeline == given.timeline
        assert judged(read_back(given)) == judged(given)


@st.composite
def exclusion_records(draw: st.DrawFn) -> list[ExclusionRecord]:
    """Records of any years, as the inventory takes them: each ends after its start."""
    found = []
    for number in range(draw(st.integers(1, 3))):
        start_ms = draw(st.integers(INSTANT_MIN_MS, INSTANT_MAX_MS - 1) | _OF_THE_MONTH)
        found.append(
            record(
                start_ms,
                draw(st.integers(start_ms + 1, INSTANT_MAX_MS)),
                id_=f"e{number}",
                slots=SLOTS[: draw(st.integers(1, 4))],
                clause=draw(st.sampled_from(["planned", "told", "none"])),
                approver=draw(st.sampled_from(["tenant", "desk"])),
                notice_ms=draw(st.none() | INSTANTS),
                recorded_ms=draw(INSTANTS),
            )
        )
    return found


_OF_THE_MONTH = st.integers(MONTH.interval.start_ms, MONTH.interval.end_ms)


@settings(max_examples=100, deadline=None)
@given(records=exclusion_records(), error_ms=st.integers(0, INSTANT_MAX_MS), claimed_ms=INSTANTS)
def test_whatever_is_taken_in_is_judged_the_same_from_a_file(
    records: list[ExclusionRecord], error_ms: int, claimed_ms: int
) -> None:
    """Neither reading nor judging refuses it, and no figure differs."""
    given_ = replace(facts(*records, error_ms=error_ms), claimed_ms=claimed_ms)
    assert judged(read_back(given_)) == judged(given_)
