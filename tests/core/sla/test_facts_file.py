"""Facts as a file: what is read back is what was written, and what is no file of facts is told."""

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from gpusla.catalogue.reasons import State
from gpusla.errors import InputError
from gpusla.identity import ContractId, NodeName, Slot
from gpusla.instants import INSTANT_MAX_MS, INSTANT_MIN_MS, Interval
from gpusla.inventory.model import ExclusionRecord
from gpusla.journal.model import Condition, Finding
from gpusla.sla.facts import Facts, Holding, Measured, Repair, RequestSlot
from gpusla.sla.facts_file import RecordedFacts, from_json, to_json
from gpusla.timeline.build import UNOBSERVED
from gpusla.timeline.model import Evidence, StateSpan, Timeline, Witness

FIRST = Slot("c2", "r01", "t01", "m0")
SECOND = Slot("c2", "r01", "t01", "m1")
OK = Condition(State.OK, ())
DOWN = Condition(State.DOWN, (Finding("gpu_lost", "Xid 79"),))


EXCLUSION = ExclusionRecord(
    id="e1",
    from_ms=100,
    until_ms=None,
    recorded_ms=50,
    supersedes=None,
    withdrawn=False,
    slots=(FIRST, SECOND),
    contract=ContractId("acme"),
    kind="maintenance",
    reason="firmware",
    clause="planned",
    approver="tenant",
    notice_ms=20,
)


def recorded() -> RecordedFacts:
    """Two slots, with everything that facts may hold."""
    node = NodeName("r01-t01")
    spans = (
        StateSpan(FIRST, 0, 600, OK, evidence=Evidence(node, 1, 7)),
        StateSpan(FIRST, 600, 700, OK, DOWN, 12, Evidence(node, 7, 8)),
        StateSpan(
            FIRST,
            700,
            1_000,
            DOWN,
            None,
            None,
            Evidence(node, 8, 9),
            Witness.TENANT,
            (Witness.PROVIDER,),
        ),
    )
    unseen = (StateSpan(SECOND, 0, 1_000, UNOBSERVED),)
    facts = Facts(
        Timeline(Interval(0, 1_000), {FIRST: spans, SECOND: unseen}),
        {
            SECOND: (Holding(Interval(0, 500), "gb300"),),
            FIRST: (Holding(Interval(0, 400), "gb300"), Holding(Interval(400, 1_000), "b300")),
        },
        (EXCLUSION,),
        {"api": (RequestSlot(0, 10, 1),)},
        {"nccl": {"c2/r01": (Measured(Interval(0, 10), Fraction(2_401, 3)),)}},
        (Repair("c2/r01/t01", 5, None, 90),),
        77,
        {"availability": 12},
    )
    return RecordedFacts(ContractId("acme"), "2026-10", 1_000, facts)


def test_what_is_read_back_is_what_was_written() -> None:
    """Every field, to the last fraction; and its bytes are the same again."""
    written = to_json(recorded())
    read = from_json(written, "facts.json")
    timeline, before = read.facts.timeline, recorded().facts.timeline
    assert isinstance(timeline, Timeline)
    assert isinstance(before, Timeline)
    assert timeline.spans == before.spans
    assert replace(read.facts, timeline=recorded().facts.timeline) == recorded().facts
    assert to_json(read) == written


def test_the_order_in_which_facts_were_found_changes_nothing() -> None:
    """Equal facts are equal bytes, so their digest can stand on a statement."""
    facts = recorded().facts
    turned = replace(facts, held=dict(reversed(list(facts.held.items()))))
    assert to_json(replace(recorded(), facts=turned)) == to_json(recorded())


MEASURED = ("measurements", "nccl", "c2/r01", 0, 2)


@pytest.mark.parametrize("written", ["-2/3", "0x2/0x3", "0xff", 7, "7"])
def test_an_exact_number_is_read_however_it_was_written(written: int | str) -> None:
    """As `exact` writes it, short or long."""
    facts = from_json(_with(MEASURED, written), "facts.json").facts
    ((measured,),) = facts.measurements["nccl"].values()
    parts = [int(part, 0) for part in f"{written}/1".split("/")[:2]]
    assert measured.value == Fraction(*parts)


def _with(path: tuple[str | int, ...], value: Any) -> bytes:
    data = json.loads(to_json(recorded()))
    place = data
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "invalid json"),
        (_with(("format",), "gpusla/facts/2"), "format: input should be 'gpusla/facts/1'"),
        (_with(("until_ms",), 1.5), "until_ms: input should be a valid integer"),
        (_with(("slots", 0, "slot"), "r01"), "slot 'r01' is not of the form site/rack/tray/module"),
        (_with(("slots", 0, "spans", 0, 2), 9), "there is no condition 9"),
        (_with(("slots", 0, "spans", 0, 2), -1), "there is no condition -1"),
        (_with(("slots", 0, "spans", 1, 0), 599), "spans of c2/r01/t01/m0 overlap at 599"),
        (_with(("slots", 0, "spans", 0, 1), 0), "[0, 0) is no interval"),
        (
            _with(("slots", 0, "spans", 0, 0), -(10**13)),
            "spans of c2/r01/t01/m0 begin at -10000000000000, and the reach at 0",
        ),
        (
            _with(("slots", 0, "spans", 1, 0), 601),
            "spans of c2/r01/t01/m0 leave a gap from 600 to 601",
        ),
        (
            _with(("slots", 0, "spans", 2, 1), 999),
            "spans of c2/r01/t01/m0 end at 999, and the reach at 1000",
        ),
        (
            _with(("slots", 1, "spans"), []),
            "spans of c2/r01/t01/m1 end at 0, and the reach at 1000",
        ),
        (_with(("slots", 1, "slot"), "c2/r01/t01/m0"), "slot c2/r01/t01/m0 stands twice"),
        (
            _with(("slots", 0, "held", 1, 0), 399),
            "times at which c2/r01/t01/m0 was held overlap at 399",
        ),
        (_with(("reach",), [1_000, 0]), "[1000, 0) is no interval"),
        (_with(("until_ms",), 10**30), "until_ms: "),
        (_with(("slots", 0, "spans", 0, 0), -(10**30)), "slots.0.spans.0.0: "),
        (_with(("slots", 0, "spans", 1, 4), 10**30), "slots.0.spans.1.4: "),
        (_with(("slots", 0, "spans", 1, 4), -1), "greater than or equal to 0"),
        (_with(("slots", 0, "spans", 0, 5, 2), 10**30), "less than or equal to 140737488355328"),
        (_with(("slots", 0, "held", 0, 0), -(2**45) - 1), "slots.0.held.0.0: input should be"),
        (_with(("slots", 0, "spans", 2, 1), 2**45 + 1), "less than or equal to 35184372088832"),
        (_with(("slots", 0, "spans", 1, 4), INSTANT_MAX_MS + 1), "equal to 253402300799999"),
        (_with(("exclusions", 0, "from_ms"), INSTANT_MIN_MS - 1), "equal to -62135596800000"),
        (_with(("exclusions", 0, "until_ms"), INSTANT_MAX_MS + 1), "equal to 253402300799999"),
        (_with(("exclusions", 0, "notice_ms"), INSTANT_MAX_MS + 1), "equal to 253402300799999"),
        (_with(("claimed_ms",), INSTANT_MIN_MS - 1), "equal to -62135596800000"),
        (_with(("requests", "api", 0, 1), -1), "requests.api.0.1: input should be greater"),
        (_with(("repairs", 0, 1), 10**30), "repairs.0.1: "),
        (_with(("claimed_ms",), 10**30), "claimed_ms: "),
        (_with(("granted_minor_units", "availability"), 2**63), "granted_minor_units.availability"),
        (_with(MEASURED, "1/0"), "'1/0' is not an exact number"),
        (_with(MEASURED, "0x1/0x0"), "'0x1/0x0' is not an exact number"),
        (_with(MEASURED, "1e999999999"), "'1e999999999' is not an exact number"),
        (_with(MEASURED, "0.5"), "'0.5' is not an exact number"),
        (_with(MEASURED, "1_0"), "'1_0' is not an exact number"),
        (_with(MEASURED, "0x" + "f" * 65_536), "is not an exact number"),
        (_with(MEASURED, "9" * 5_000), "is not an exact number"),
        (_with(("conditions", 0, 0), "fine"), "'fine' is not a valid State"),
        (_with(("more",), 1), "more: extra inputs are not permitted"),
    ],
)
def test_what_is_no_file_of_facts_is_told(content: bytes, why: str) -> None:
    """One sentence, with the file's name and the way out."""
    with pytest.raises(InputError) as caught:
        from_json(content, "october.json")
    sentence = str(caught.value)
    assert sentence.startswith("october.json: this is not a file of facts: ")
    assert why in sentence
    assert "Give what `gpusla collector facts` wrote." in sentence
