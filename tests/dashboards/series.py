"""
The story of `tests.dashboards.story` as OpenMetrics text, for a real Prometheus to hold.

Names and labels are the catalogue's; what rules record is given as they would record it.
"""

from collections.abc import Iterator

from gpusla.catalogue import alerts
from gpusla.catalogue import metrics as rows
from gpusla.catalogue.metrics import Metric, MetricKind
from gpusla_dashboards.panels import promql
from gpusla_dashboards.panels.promql import Recorded
from tests.dashboards.ahead import ahead
from tests.dashboards.story import (
    CONTRACTS,
    ELAPSED_SECONDS,
    FELL_SILENT,
    GOING_ON,
    MINUTES,
    PERIOD_SECONDS,
    RACK_GPUS,
    SILENT,
    STATES,
    STEP_SECONDS,
    SWITCH_LOST,
    Sample,
    Sold,
    Value,
    availability,
    committed_seconds,
    counts,
    credit,
    given,
    gpus,
    held,
    lost,
    next_tier,
    price,
)
from tests.dashboards.tray import tray


def text(end: int, step: int = STEP_SECONDS) -> str:
    """Give all series until end, seconds since the epoch, as one OpenMetrics page."""
    start = end - MINUTES * 60
    lines = []
    for name, kind, samples in families(start):
        lines.append(f"# TYPE {name.removesuffix('_total')} {kind}")
        for labels, value in samples:
            for at in range(start, end + 1, step):
                found = value((at - start) / 60)
                if found is not None:
                    lines.append(f"{name}{{{labels}}} {found!r} {at}")
    return "\n".join([*lines, "# EOF"]) + "\n"


def families(start: int) -> Iterator[tuple[str, str, list[tuple[str, Value]]]]:
    """Give every family: name, kind, and its series with a value for each minute."""
    merged: dict[str, list[tuple[str, Value]]] = {}
    kinds: dict[str, str] = {}
    for metric, labels, value in (
        *contracts(start),
        *racks(),
        *slots(),
        *tray(start),
        *pipeline(start),
    ):
        name = metric.name if isinstance(metric, Metric) else str(metric)
        counter = isinstance(metric, Metric) and metric.kind is MetricKind.COUNTER
        kinds[name] = "counter" if counter else "gauge"
        merged.setdefault(name, []).append((labels, value))
    for name, samples in merged.items():
        yield name, kinds[name], samples


def contracts(start: int) -> Iterator[Sample]:
    """What the collector says of each contract."""
    for sold in CONTRACTS:
        key = f'contract="{sold.name}",tenant="{sold.tenant}"'
        money = f'{key},currency="USD"'
        house = "true" if sold.house else "false"
        began = (start - ELAPSED_SECONDS) // 86400 * 86400
        yield rows.CONTRACT_INFO, f'{money},version="3",house="{house}"', held(1)
        yield rows.CONTRACT_COMMITTED_GPUS, key, held(gpus(sold))
        yield rows.CONTRACT_DELIVERED_GPUS, key, given(lambda s, m: gpus(s) - lost(s, m), sold)
        yield rows.CONTRACT_AT_STAKE, money, given(lambda s, m: lost(s, m) * price(s), sold)
        yield rows.CONTRACT_TARGET, key, held(sold.target)
        yield rows.CONTRACT_NEXT_TIER_SECONDS, key, given(next_tier, sold)
        yield rows.CONTRACT_COMMITTED_SECONDS, key, given(committed_seconds, sold)
        yield rows.CONTRACT_PERIOD_START, key, held(began)
        yield rows.CONTRACT_PERIOD_END, key, held(began + PERIOD_SECONDS)
        yield rows.LEDGER_ENTRIES, f'contract="{sold.name}",status="posted"', held(3)
        yield rows.LEDGER_ENTRIES, f'contract="{sold.name}",status="pending"', held(1)
        yield from bounded(sold, key, money)
        yield from incidents(sold, key, start)
        yield from ahead(sold, key, money, start)
        yield from observed(sold, key)


def bounded(sold: Sold, key: str, money: str) -> Iterator[Sample]:
    """What has a lower and an upper bound."""
    for bound in ("low", "value", "high"):
        end = f',bound="{bound}"'
        yield (
            rows.CONTRACT_AVAILABILITY,
            key + end,
            given(lambda s, b, m: availability(s, m, b), sold, bound),
        )
        yield (
            rows.CONTRACT_DELIVERED_SECONDS,
            key + end,
            given(lambda s, b, m: availability(s, m, b) * committed_seconds(s, m), sold, bound),
        )
        if not sold.house:
            yield (
                rows.CONTRACT_CREDIT_ACCRUED,
                money + end,
                given(lambda s, b, m: credit(s, m, b), sold, bound),
            )


def incidents(sold: Sold, key: str, start: int) -> Iterator[Sample]:
    """What goes on, by cause; a series only while it does."""
    for place, reason, from_minute in GOING_ON:
        rack = place[:6]
        if rack not in sold.racks:
            continue
        labels = f'{key},place="{place}",reason="{reason}"'

        def taken(minute: float, rack: str = rack, since: int = from_minute) -> float | None:
            return sum(bad(counts(rack, minute))) if minute >= since else None

        def began(minute: float, since: int = from_minute) -> float | None:
            return start + since * 60 if minute >= since else None

        def worth(minute: float, rack: str = rack, since: int = from_minute) -> float | None:
            hours = (minute - since) / 60
            return sum(bad(counts(rack, minute))) * price(sold) * hours if hours >= 0 else None

        yield rows.INCIDENT_GPUS, labels, taken
        yield rows.INCIDENT_START, labels, began
        yield rows.INCIDENT_LOST, f'{labels},currency="USD"', worth


def observed(sold: Sold, key: str) -> Iterator[Sample]:
    """What was seen of the contract's slots."""
    for state in STATES:
        label = f'{key},state="{state}"'
        yield promql.CONTRACT_SLOTS, label, given(lambda s, t, m: lost(s, m, (t,)), sold, state)
        share = {"ok": 0.985, "degraded": 0.004, "down": 0.008, "unknown": 0.003}[state]
        yield (
            rows.CONTRACT_STATE_SECONDS,
            label,
            given(lambda s, h, m: committed_seconds(s, m) * h, sold, share),
        )


def racks() -> Iterator[Sample]:
    """What stands on each rack, as the collector counts it and as the rules record it."""
    for sold in CONTRACTS:
        key = f'contract="{sold.name}",tenant="{sold.tenant}"'
        for rack in sold.racks:
            site, name = rack.split("/")
            place = f'site="{site}",rack="{name}",domain="{rack}"'
            for state in STATES:
                at = f'domain="{rack}",state="{state}"'
                count = given(lambda r, t, m: counts(r, m)[t], rack, state)
                yield rows.DOMAIN_GPUS, at, count
                yield promql.RACK_GPUS, at, count
                yield promql.RACK_SLOTS, f'{place},{key},state="{state}"', count
            yield (
                promql.RACK_AT_STAKE,
                f'domain="{rack}",{key},currency="USD"',
                given(lambda r, s, m: price(s) * sum(bad(counts(r, m))), rack, sold),
            )
            node = f'node="{site}-{name}-t01",{place},{key}'
            yield promql.SLOTS_HELD, node, held(RACK_GPUS)
    for state in STATES:
        yield promql.FLEET_GPUS, f'state="{state}"', given(fleet, state)


def fleet(state: str, minute: float) -> int:
    """Count the whole fleet's GPUs in a state."""
    return sum(counts(rack, minute)[state] for sold in CONTRACTS for rack in sold.racks)


def bad(found: dict[str, int]) -> tuple[int, int]:
    """Give what of a rack is not delivered."""
    return found["down"], found["unknown"]


def slots() -> Iterator[Sample]:
    """The slots of the rack that lost its switch, and why."""
    for number in range(1, 19):
        for module in range(4):
            slot = f"c1/r03/t{number:02d}/m{module}"
            place = (
                f'slot="{slot}",node="c1-r03-t{number:02d}",site="c1",rack="r03",tray="t{number:02d}",'
                f'domain="c1/r03",contract="acme-1",tenant="acme"'
            )
            yield promql.SLOT_INFO, place, held(1)
            for state in STATES:
                label = f'slot="{slot}",node="c1-r03-t{number:02d}",state="{state}"'
                yield (
                    rows.SLOT_STATE,
                    label,
                    given(lambda t, m: int(counts("c1/r03", m)[t] > 0), state),
                )
            for reason, share in (("fabric_down", 1), ("xid_fatal", 4), ("gpu_unobservable", 18)):
                if (number * 4 + module) % share == 0:
                    label = f'slot="{slot}",node="c1-r03-t{number:02d}",reason="{reason}"'
                    yield rows.SLOT_REASON, label, given(lambda m: int(m >= SWITCH_LOST))


def pipeline(start: int) -> Iterator[Sample]:
    """How fresh the meter is, and what fires."""
    yield rows.COLLECTOR_NODES_EXPECTED, "", held(12)
    for sold in CONTRACTS:
        judged = given(lambda m: start + m * 60 - 4 - m % 2)
        yield rows.COLLECTOR_LAST_JUDGEMENT, f'contract="{sold.name}"', judged
        for rack in sold.racks:
            site, name = rack.split("/")
            node = f'node="{site}-{name}-t01"'
            place = f'{node},site="{site}",rack="{name}"'
            yield promql.SAMPLE_AGE, place, given(sample_age, rack)
            yield rows.COLLECTOR_EVIDENCE_UNTIL, node, given(evidence_until, start, rack)
    label = 'node="c2-r02-t01",code="agent_unreachable"'
    yield rows.COLLECTOR_FETCH_FAILURES, label, given(lambda m: max(0, m - FELL_SILENT) * 12)
    firing = Recorded("ALERTS")
    for name, severity, labels, since in ALERTS:
        head = f'alertname="{name}",alertstate="firing",severity="{severity}",{labels}'
        yield firing, head, given(lambda s, m: 1 if m >= s else None, since)


def sample_age(rack: str, minute: float) -> float | None:
    """Give the age of a rack's samples, which a silent one does not have."""
    if rack == SILENT and minute >= FELL_SILENT:
        return None
    return 0.4 + sum(map(ord, rack)) % 5 / 4


def evidence_until(start: int, rack: str, minute: float) -> float:
    """Give the instant until which a rack's evidence goes."""
    known = min(minute, FELL_SILENT) if rack == SILENT else minute
    return start + 60 * known - 5 - minute % 2


ALERTS = (
    (alerts.CAPACITY_SHORTFALL.name, "critical", 'contract="acme-1",tenant="acme"', 113),
    (alerts.CAPACITY_SHORTFALL.name, "critical", 'contract="borealis-2",tenant="borealis"', 141),
    (alerts.CREDIT_ACCRUING.name, "critical", 'contract="acme-1",tenant="acme"', 137),
    (alerts.RACK_NOT_DELIVERED.name, "warning", 'site="c1",rack="r03",domain="c1/r03"', 113),
    (alerts.AGENT_SILENT.name, "critical", 'site="c2",rack="r02",node="c2-r02-t01"', 141),
    (alerts.WATCHDOG.name, "info", 'scope="pipeline"', 0),
    *(
        (
            alerts.GPU_NOT_DELIVERED.name,
            "warning",
            f'site="c1",rack="r03",node="c1-r03-t{number:02d}",contract="acme-1",slot="c1/r03/t{number:02d}/m{module}"',
            114,
        )
        for number in range(1, 19)
        for module in range(4)
    ),
)
