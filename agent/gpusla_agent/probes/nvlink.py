"""
The GPU's NVLinks: state and speed, bytes, errors.

Three probes in one file, as they read one list of links; they are apart because they are read at
different times, and bytes only where it was agreed.  A sum over links is absent unless each of them
could be read: a smaller sum would look like a counter that fell.  Fields and states: nvml.h of
CUDA 13.5.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gpusla.readings import Absence, Absent, NvLink, Present
from gpusla_agent.probes.probe import MALFORMED, Found, Implausible, Part, Probe, implausible, said
from gpusla_agent.probes.whole import ALL_ONES, COUNT_MAX, is_whole, shown
from gpusla_agent.sources.families import LINKS_MAX
from gpusla_agent.sources.raw import SUCCESS

Link = Mapping[str, Any]
"""One link's calls by name: a code and a value each."""

_MEGA = 1_000_000
_SPEED_MAX = 10_000_000
"""Megabytes a second of one link; NVLink 5 has 53,125."""

_INACTIVE, _ACTIVE, _SLEEP, _NO_TRAFFIC = range(4)
_IS_ACTIVE = {_INACTIVE: False, _ACTIVE: True, _SLEEP: True, _NO_TRAFFIC: False}
"""A sleeping link wakes up for traffic; one whose traffic is disabled carries none."""

_INVALID_ARGUMENT = 2
"""What the driver says of a link that the GPU does not have."""

_PACKET_ERRORS = (
    "malformed_packets",
    "buffer_overruns",
    "rx_errors",
    "rx_remote_errors",
    "rx_general_errors",
    "tx_discards",
)
"""One packet may count in two of them.  `integrity_errors` count no packets but how often the
errors of a link passed a threshold."""


def links_of(values: Mapping[str, Any], family: str) -> list[Link] | Absent | Implausible:
    """
    Return the links that the GPU has, by number.

    Ends of the list that the driver calls invalid are no links: it is sometimes asked for more than
    there are.  More links than any GPU has are implausible.
    """
    found = said(values.get(family))
    if isinstance(found, Absent):
        return found
    if not isinstance(found, list) or not all(isinstance(link, dict) for link in found):
        return MALFORMED
    count = len(found)
    while count and _is_no_link(found[count - 1]):
        count -= 1
    if count > LINKS_MAX:
        return Implausible(f"{count} NVLinks")
    return found[:count]


def _is_no_link(link: Link) -> bool:
    codes = [told[0] for told in link.values() if isinstance(told, (list, tuple)) and told]
    return bool(codes) and all(code == _INVALID_ARGUMENT for code in codes)


def links(values: Mapping[str, Any]) -> Present[tuple[NvLink, ...]] | Absent:
    """Return the links with their state; absent unless the state of each could be read."""
    found = links_of(values, "links")
    if isinstance(found, Absent):
        return found
    if isinstance(found, Implausible):
        return implausible(found)
    states = _states(found)
    if isinstance(states, Absent):
        return states
    if isinstance(states, Implausible):
        return implausible(states)
    speeds = [said(link.get("speed_megabytes_per_second")) for link in found]
    return Present(
        tuple(
            NvLink(number, is_active, speed * _MEGA if _is_speed(speed) else None)
            for number, (is_active, speed) in enumerate(zip(states, speeds, strict=True))
        )
    )


def _states(found: Sequence[Link]) -> list[bool] | Absent | Implausible:
    column = _column(found, "state")
    if column is not None and _IS_ACTIVE.keys() >= set(column):
        return [_IS_ACTIVE[state] for state in column]
    states = []
    for number, link in enumerate(found):
        state = said(link.get("state"))
        if isinstance(state, Absent):
            return _of_link(number, state)
        if not is_whole(state) or state not in _IS_ACTIVE:
            return Implausible(f"NVLink {number}: state {shown(state)}")
        states.append(_IS_ACTIVE[state])
    return states


def _is_speed(value: Any) -> bool:
    return is_whole(value) and value <= _SPEED_MAX


def _state(values: Mapping[str, Any]) -> Mapping[str, Found]:
    names = ("nvlink_links", "nvlink_links_active", "nvlink_speed_min_bytes_per_second")
    found = links_of(values, "links")
    if not isinstance(found, list):
        return dict.fromkeys(names, found)
    states = _states(found)
    if not isinstance(states, list):
        return {names[0]: len(found), names[1]: states, names[2]: states}
    return dict(zip(names, (len(found), sum(states), _slowest(found, states)), strict=True))


def _slowest(found: Sequence[Link], states: Sequence[bool]) -> Found:
    """Return the speed of the slowest active link; a speed that is not known may be the one."""
    column = _column(found, "speed_megabytes_per_second")
    if column is not None and max(column) <= _SPEED_MAX and any(states):
        return _MEGA * min(
            speed for speed, is_active in zip(column, states, strict=True) if is_active
        )
    slowest: int | None = None
    for number, link in enumerate(found):
        if not states[number]:
            continue
        speed = said(link.get("speed_megabytes_per_second"))
        if isinstance(speed, Absent):
            return _of_link(number, speed)
        if not _is_speed(speed):
            return Implausible(f"NVLink {number}: speed {shown(speed)}")
        slowest = speed if slowest is None else min(slowest, speed)
    if slowest is None:
        return Absent(Absence.UNSUPPORTED, "no NVLink is active")
    return slowest * _MEGA


def _summed(family: str, fields: Mapping[str, tuple[str, ...]]) -> Callable[..., dict[str, Found]]:
    """Return what sums fields over the links; fields: by reading, what is added up for it."""

    def derive(values: Mapping[str, Any]) -> dict[str, Found]:
        found = links_of(values, family)
        if not isinstance(found, list):
            return dict.fromkeys(fields, found)
        return {name: _added([_total(found, one) for one in of]) for name, of in fields.items()}

    return derive


def _added(totals: Sequence[Found]) -> Found:
    """Add up what the driver has; one that it has and that cannot be read makes all absent."""
    missing = [one for one in totals if isinstance(one, (Absent, Implausible))]
    broken = [one for one in missing if one is not _NOT_THERE]
    if broken or len(missing) == len(totals):
        return (broken or missing)[0]
    return sum(one for one in totals if not isinstance(one, (Absent, Implausible)))


_NOT_THERE = Absent(Absence.UNSUPPORTED, "no NVLink counts it")


def _total(found: Sequence[Link], field: str) -> Found:
    """Return a field's sum over the links; absent if it is of one link and not of another."""
    column = _column(found, field)
    if column is not None:
        return sum(column)
    total, refused = 0, 0
    first: Absent | None = None
    for number, link in enumerate(found):
        value = said(link.get(field))
        if isinstance(value, Absent):
            first = first or _of_link(number, value)
            refused += value.absence is Absence.UNSUPPORTED
        elif is_whole(value):
            total += value
        else:
            return Implausible(f"NVLink {number}: {field} {shown(value)}")
    if refused == len(found):
        return _NOT_THERE
    return total if first is None else first


def _column(found: Sequence[Link], field: str) -> list[int] | None:
    """Return a field's values by link if nothing is wrong with any of them, the usual case."""
    told: list[Any] = [link.get(field) for link in found]
    try:
        column = [value for code, value in told if code == SUCCESS and type(value) is int]
    except (TypeError, ValueError):
        return None
    if len(column) < len(found) or not found:
        return None
    is_good = min(column) >= 0 and max(column) < COUNT_MAX and ALL_ONES not in column
    return column if is_good else None


def _errors(values: Mapping[str, Any]) -> Mapping[str, Found]:
    found = links_of(values, "link_errors")
    if not isinstance(found, list):
        return dict.fromkeys(_WORST, found) | _ERRORS(values)
    worst = {name: _worst(found, field) for name, field in _WORST.items()}
    return _ERRORS(values) | worst


def _worst(found: Sequence[Link], field: str) -> Found:
    """Return the highest bit error rate; a link that has none, as it is down, does not count."""
    column = _column(found, field)
    if column:
        rate = max(map(bit_error_rate, set(column)))
        if rate <= 1:
            return rate
    worst: float | None = None
    for number, link in enumerate(found):
        coded = said(link.get(field))
        if isinstance(coded, Absent):
            if coded.absence is not Absence.UNSUPPORTED:
                return _of_link(number, coded)
            continue
        rate = bit_error_rate(coded) if is_whole(coded) else 2.0
        if rate > 1:
            return Implausible(f"NVLink {number}: {field} {shown(coded)}")
        worst = rate if worst is None else max(worst, rate)
    return _NOT_THERE if worst is None else worst


def bit_error_rate(coded: int) -> float:
    """
    Return a coded rate: mantissa in bits 8 to 11, exponent in bits 0 to 7, m times 10 to the -e.

    Source: NVML_NVLINK_ERROR_COUNTER_BER_GET of nvml.h.
    """
    mantissa, exponent = coded >> 8 & 0xF, coded & 0xFF
    return mantissa / float(10**exponent)


def _of_link(number: int, why: Absent) -> Absent:
    return Absent(why.absence, f"NVLink {number}: {why.detail}")


_WORST = {
    "nvlink_effective_ber_max_ratio": "effective_ber",
    "nvlink_symbol_ber_max_ratio": "symbol_ber",
}
_SUMS = {
    "nvlink_packet_errors": _PACKET_ERRORS,
    "nvlink_symbol_errors": ("symbol_errors",),
    "nvlink_effective_errors": ("effective_errors",),
    "nvlink_recoveries": ("recoveries_successful",),
    "nvlink_recoveries_failed": ("recoveries_failed",),
}
_BYTES = {"nvlink_tx_bytes": ("tx_bytes",), "nvlink_rx_bytes": ("rx_bytes",)}
_ERRORS = _summed("link_errors", _SUMS)

PROBE = Probe(
    "nvlink",
    (
        Part(
            "links",
            derived=("nvlink_links", "nvlink_links_active", "nvlink_speed_min_bytes_per_second"),
            derive=_state,
        ),
    ),
)
BYTES = Probe(
    "nvlink_bytes",
    (Part("link_bytes", derived=tuple(_BYTES), derive=_summed("link_bytes", _BYTES)),),
)
ERRORS = Probe(
    "nvlink_errors",
    (Part("link_errors", derived=(*_SUMS, *_WORST), derive=_errors),),
)
