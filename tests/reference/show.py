"""A case in words and rows of ticks, for whoever has to find out who is wrong."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from gpusla.catalogue.reasons import State
from gpusla.timeline.model import StateSpan
from tests.core.contracts.terms import CONTRACT, OBJECTIVE
from tests.reference.case import Case, Ticks, reach_of, ticks_of, timeline_of
from tests.reference.excused import excused_ticks
from tests.reference.slots import held_ticks

SIGNS = {State.OK: ".", State.DEGRADED: "d", State.DOWN: "x", State.UNKNOWN: "?"}


def show(case: Case) -> str:
    """Return a case as text: what differs from plain terms, then each slot as a row of ticks."""
    return "\n".join(_lines(case))


def _lines(case: Case) -> Iterator[str]:
    ticks = ticks_of(case)

    def at(instant_ms: int) -> str:
        return str((instant_ms - ticks.first_ms) // ticks.length_ms)

    window, reach = case.window, reach_of(case)
    yield f"a tick is {ticks.length_ms} ms; tick 0 begins at {ticks.first_ms}"
    yield (
        f"window {at(window.start_ms)} to {at(window.end_ms)}, until {at(case.until_ms)}, "
        f"reach {at(reach.start_ms)} to {at(reach.end_ms)}; is_last: {case.is_last}"
    )
    yield f"fee {case.fee}, of a whole period {case.first_day_fee}"
    yield f"committed {[(at(instant_ms), gpus) for instant_ms, gpus in case.committed]}"
    for name in ("capacity", "combination", "claims", "exclusion_rules"):
        yield from _changed(name, getattr(case.contract, name), getattr(CONTRACT, name))
    for objective in case.contract.objectives:
        yield f"objective {objective.id}"
        yield from (f"  {line}" for line in _changed("", objective, OBJECTIVE))
    yield from _rows(case, ticks)
    for record in case.facts.exclusions:
        until = "?" if record.until_ms is None else at(record.until_ms)
        yield f"exclusion {at(record.from_ms)} to {until}: {record}"
    for repair in case.facts.repairs:
        instants = (repair.opened_ms, repair.identified_ms, repair.restored_ms)
        yield f"repair of {repair.unit}: {[None if i is None else at(i) for i in instants]}"
    for id_, slots in case.facts.requests.items():
        yield f"requests {id_}: {[(at(s.start_ms), s.total, s.failed) for s in slots]}"
    for id_, units in case.facts.measurements.items():
        for unit, several in units.items():
            told = [(at(m.interval.start_ms), at(m.interval.end_ms), str(m.value)) for m in several]
            yield f"measured {id_} {unit}: {told}"
    yield f"claimed {case.facts.claimed_ms}, granted {dict(case.facts.granted_minor_units)}"


def _changed(name: str, value: Any, plain: Any) -> Iterator[str]:
    if hasattr(value, "__dataclass_fields__") and type(value) is type(plain):
        for field in fields(value):
            inner = f"{name}.{field.name}" if name else field.name
            yield from _changed(inner, getattr(value, field.name), getattr(plain, field.name))
    elif value != plain:
        yield f"{name}: {value}"


def _rows(case: Case, ticks: Ticks) -> Iterator[str]:
    held = held_ticks(case, ticks)
    excused = excused_ticks(case, ticks, held)
    for slot in sorted(held):
        spans = timeline_of(case).spans.get(slot, ())
        yield f"{slot}  domain {case.facts.domain_of(slot)}"
        yield "  seen     " + "".join(_sign(spans, ticks, tick) for tick in ticks)
        yield "  held     " + "".join((held[slot][tick] or "!")[0] if held[slot][tick] is not None
                                      else "-" for tick in ticks)  # fmt: skip
        if any(excused[slot]):
            yield "  excused  " + "".join("E" if excused[slot][tick] else "." for tick in ticks)
        for span in spans:
            if span.other is not None or span.error_ms != 0 or span.condition.findings:
                first = (span.start_ms - ticks.first_ms) // ticks.length_ms
                other = span.other.state.value if span.other else None
                reasons = [finding.reason for finding in span.condition.findings]
                yield f"    from {first}: other {other}, error {span.error_ms}, {reasons}"


def _sign(spans: tuple[StateSpan, ...], ticks: Ticks, tick: int) -> str:
    instant_ms = ticks.begin_ms(tick)
    for span in spans:
        if span.start_ms <= instant_ms < span.end_ms:
            return SIGNS[span.condition.state]
    return " "
