"""Conditions and the fold's carry as JSON text, and back; written and read by this store alone."""

import json
from typing import Any

from gpusla.catalogue.reasons import State
from gpusla.evidence.hour_chain import NO_HOURS, HourHead
from gpusla.evidence.keyring import NO_KEYS, Keyring, KnownKey
from gpusla.identity import NodeName, parse_slot
from gpusla.journal.model import ClockState, Condition, Finding, Instant
from gpusla.timeline.fold import Carry, Sample


def write_condition(condition: Condition) -> str:
    """Give a condition one spelling, so that equal conditions are equal text."""
    return _dump(_condition_value(condition))


def read_condition(text: str) -> Condition:
    """Read what write_condition wrote."""
    return _condition(json.loads(text))


def write_carry(carry: Carry, keyring: Keyring = NO_KEYS) -> str:
    """Write all that the fold remembers, and what the journal said of its keys and blocks."""
    anchor, sample = carry.anchor, carry.last
    value = {
        "node": carry.node,
        "valid_ms": carry.valid_ms,
        "anchor": None if anchor is None else _instant_value(anchor),
        "last": None if sample is None else _sample_value(sample),
    }
    if keyring != NO_KEYS:
        keys = [[key.public, key.endorsed_by] for key in keyring.keys]
        hours = keyring.hours
        last = [] if hours == NO_HOURS else [[hours.number, hours.digest, hours.last_sequence]]
        value["keyring"] = [keys, keyring.signed, keyring.signed_by, *last]
    return _dump(value)


def read_keyring(text: str) -> Keyring:
    """Read the keys and the last block that write_carry wrote."""
    keys, signed, signed_by, *last = json.loads(text).get("keyring", [[], 0, ""])
    hours = HourHead(*last[0]) if last else NO_HOURS
    return Keyring(tuple(KnownKey(*key) for key in keys), signed, signed_by, hours)


def read_carry(text: str) -> Carry:
    """Read what write_carry wrote."""
    value = json.loads(text)
    return Carry(
        None if value["node"] is None else NodeName(value["node"]),
        None if value["anchor"] is None else _instant(value["anchor"]),
        value["valid_ms"],
        None if value["last"] is None else _sample(value["last"]),
    )


def _dump(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _condition_value(condition: Condition) -> list[Any]:
    return [condition.state.value, [[f.reason, f.evidence] for f in condition.findings]]


def _condition(value: Any) -> Condition:
    state, findings = value
    return Condition(State(state), tuple(Finding(reason, words) for reason, words in findings))


def _instant_value(at: Instant) -> list[Any]:
    return [at.boot, at.start, at.mono_ms, at.wall_ms, at.clock.value, at.error_ms]


def _instant(value: Any) -> Instant:
    boot, start, mono_ms, wall_ms, clock, error_ms = value
    return Instant(boot, start, mono_ms, wall_ms, ClockState(clock), error_ms)


def _sample_value(sample: Sample) -> list[Any]:
    conditions = {str(slot): _condition_value(c) for slot, c in sample.conditions.items()}
    return [sample.at_ms, sample.sequence, conditions, sample.error_ms]


def _sample(value: Any) -> Sample:
    at_ms, sequence, conditions, error_ms = value
    return Sample(
        at_ms,
        sequence,
        {parse_slot(slot): _condition(c) for slot, c in conditions.items()},
        error_ms,
    )
