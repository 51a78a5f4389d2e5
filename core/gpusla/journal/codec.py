"""
Canonical bytes of journal records, and back.

A record is one line: JSON with sorted keys, no spaces, ASCII only, and no numbers but integers, so
that the same record has the same bytes on every machine.  The bytes are kept as they were written;
nobody needs to encode a record again to check it.  Golden vectors: tests/golden/journal.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from gpusla.catalogue.codes import JOURNAL_CORRUPT
from gpusla.catalogue.reasons import State
from gpusla.errors import GpuslaError, JournalError
from gpusla.identity import GpuUuid, NodeName, Slot, parse_slot
from gpusla.journal.body import Body
from gpusla.journal.hours import HourBlock, HourClosed, read_block, write_block
from gpusla.journal.model import (
    VERSION,
    ClockState,
    ClockStepped,
    Condition,
    ConfigurationChanged,
    Envelope,
    Finding,
    Gap,
    GpuChanged,
    HeadSigned,
    Instant,
    KeyIntroduced,
    Kind,
    Observed,
    Occupancy,
    Opaque,
    ReadingsTaken,
    SourceRestarted,
    Started,
    Stopped,
    TailCut,
    XidSeen,
)
from gpusla.journal.scalars import integer, text

LINE_BYTES_MAX = 65_536
"""No record is longer; a reader refuses more without parsing it."""

_ENVELOPE_KEYS = {"v", "seq", "prev", "kind", "body"}


def encode(sequence: int, previous: str, body: Body) -> bytes:
    """
    Return the canonical line of a record of this version, without its line end.

    sequence: counts from 1.  previous: digest of the line before, `GENESIS` for the first.
    """
    kind, content = _content(body)
    record = {"v": VERSION, "seq": sequence, "prev": previous, "kind": kind, "body": content}
    return json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False).encode(
        "ascii"
    )


def digest(line: bytes) -> str:
    """Return the SHA-256 of a line without its line end, in hex."""
    return hashlib.sha256(line).hexdigest()


def decode(line: bytes) -> tuple[Envelope, Body]:
    """
    Read one line.

    Returns the envelope and its body, which is `Opaque` for a version or kind that is not known.
    Raises JournalError if the envelope, or the body of a known kind, is not what it should be.
    """
    envelope = _envelope(line)
    reader = _READERS.get(envelope.kind) if envelope.version == VERSION else None
    if reader is None:
        return envelope, Opaque(envelope.version, envelope.kind)
    try:
        return envelope, reader(envelope.body)
    except (KeyError, TypeError, ValueError, AttributeError, GpuslaError) as cause:
        raise _corrupt(f"record {envelope.sequence} ({envelope.kind}) has a bad body") from cause


def kind_of(body: Body) -> str:
    """Return what a record's envelope calls such a body."""
    return body.kind if isinstance(body, Opaque) else _WRITERS[type(body)][0].value


def block_content(block: HourBlock) -> dict[str, Any]:
    """Return a block as records hold it and signatures are of it."""
    return write_block(block, _write_condition)


def _shown(line: bytes) -> str:
    """Return how a line begins, in quotes, so that a terminal can only print it."""
    return ascii(line[:40].decode("ascii", "replace"))


def _envelope(line: bytes) -> Envelope:
    if len(line) > LINE_BYTES_MAX:
        raise _corrupt(f"a record has {len(line)} bytes, over the {LINE_BYTES_MAX} allowed")
    try:
        record = json.loads(
            line,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
            object_pairs_hook=_without_repeats,
        )
    except (ValueError, RecursionError) as cause:
        raise _corrupt(f"a record is not JSON: {_shown(line)}") from cause
    if not isinstance(record, dict) or set(record) != _ENVELOPE_KEYS:
        raise _corrupt(f"a record has not the five keys of the envelope: {_shown(line)}")
    version, sequence, previous = record["v"], record["seq"], record["prev"]
    kind, body = record["kind"], record["body"]
    if not (_is_count(version) and _is_count(sequence)):
        raise _corrupt(f"version {version!r} or sequence {sequence!r} is not a positive integer")
    if not (isinstance(previous, str) and isinstance(kind, str) and isinstance(body, dict)):
        raise _corrupt(f"record {sequence} has an envelope of wrong types")
    return Envelope(version, sequence, previous, kind, body)


def _is_count(value: object) -> bool:
    return type(value) is int and value > 0


def _refuse_number(number: str) -> None:
    raise ValueError(number)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Two readers could each believe another one of two equal keys, under the same digest.
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError(pairs)
    return content


def _corrupt(message: str) -> JournalError:
    return JournalError(JOURNAL_CORRUPT, message)


def _write_instant(at: Instant) -> dict[str, Any]:
    return {
        "boot": at.boot,
        "start": at.start,
        "mono_ms": at.mono_ms,
        "wall_ms": at.wall_ms,
        "clock": at.clock.value,
        "error_ms": at.error_ms,
    }


def _read_instant(body: Mapping[str, Any]) -> Instant:
    at = body["at"]
    error_ms = at["error_ms"]
    return Instant(
        text(at["boot"]),
        integer(at["start"]),
        integer(at["mono_ms"]),
        integer(at["wall_ms"]),
        ClockState(at["clock"]),
        None if error_ms is None else integer(error_ms),
    )


def _write_condition(condition: Condition) -> object:
    if not condition.findings:
        return condition.state.value
    return [condition.state.value, [_write_finding(one) for one in condition.findings]]


def _write_finding(finding: Finding) -> list[str]:
    words = [finding.reason, finding.evidence]
    return [*words, finding.action] if finding.action else words


def _read_finding(value: Any) -> Finding:
    reason, evidence, *action = value
    if len(action) > 1:
        raise ValueError(value)
    return Finding(text(reason), text(evidence), text(action[0]) if action else "")


def _read_condition(value: Any) -> Condition:
    if isinstance(value, str):
        return Condition(State(value))
    state, findings = value
    return Condition(State(state), tuple(map(_read_finding, findings)))


def _read_started(body: Mapping[str, Any]) -> Started:
    return Started(
        _read_instant(body),
        NodeName(text(body["node"])),
        text(body["agent_version"]),
        text(body["source"]),
        integer(body["interval_ms"]),
        integer(body["valid_ms"]),
        text(body.get("build", "")),
        text(body.get("configuration", "")),
    )


def _read_observed(body: Mapping[str, Any]) -> Observed:
    at = _read_instant(body)
    record = Observed(
        at,
        integer(body["from_mono_ms"]),
        integer(body["samples"]),
        integer(body["gap_ms"]),
        {parse_slot(slot): _read_condition(value) for slot, value in body["slots"].items()},
    )
    if not (record.from_mono_ms <= at.mono_ms and record.samples > 0 and record.gap_ms >= 0):
        raise ValueError(body)
    return record


def _read_occupancy(body: Mapping[str, Any]) -> Occupancy:
    gpus = {
        parse_slot(slot): None if uuid is None else GpuUuid(text(uuid))
        for slot, uuid in body["gpus"].items()
    }
    return Occupancy(_read_instant(body), gpus)


def _read_event(body: Mapping[str, Any]) -> XidSeen:
    count = integer(body.get("count", 1))
    if count < 1:
        raise ValueError(body)
    return XidSeen(
        _read_instant(body),
        parse_slot(body["slot"]),
        GpuUuid(text(body["gpu"])),
        integer(body["xid"]),
        text(body.get("role", "")),
        text(body.get("evidence", "")),
        integer(body["kernel_sequence"]) if "kernel_sequence" in body else None,
        integer(body["happened_wall_ms"]) if "happened_wall_ms" in body else None,
        count,
    )


def _read_gap(body: Mapping[str, Any]) -> Gap:
    gap = Gap(
        _read_instant(body),
        integer(body["from_mono_ms"]),
        integer(body["until_mono_ms"]),
        text(body["cause"]),
    )
    if gap.until_mono_ms <= gap.from_mono_ms:
        raise ValueError(body)
    return gap


def _read_readings(body: Mapping[str, Any]) -> ReadingsTaken:
    return ReadingsTaken(
        _read_instant(body),
        {
            parse_slot(slot): {
                name: value if isinstance(value, str) else integer(value)
                for name, value in readings.items()
            }
            for slot, readings in body["gpus"].items()
        },
    )


_READERS: dict[str, Callable[[Mapping[str, Any]], Body]] = {
    Kind.STARTED: _read_started,
    Kind.STOPPED: lambda body: Stopped(_read_instant(body), text(body["cause"])),
    Kind.OBSERVED: _read_observed,
    Kind.OCCUPANCY: _read_occupancy,
    Kind.EVENT: _read_event,
    Kind.CLOCK_STEPPED: lambda body: ClockStepped(_read_instant(body), integer(body["by_ms"])),
    Kind.SOURCE_RESTARTED: lambda body: SourceRestarted(_read_instant(body), text(body["cause"])),
    Kind.CONFIGURATION_CHANGED: lambda body: ConfigurationChanged(
        _read_instant(body), text(body["subject"]), text(body["digest"])
    ),
    Kind.KEY: lambda body: KeyIntroduced(
        _read_instant(body),
        text(body["public"]),
        text(body["previous"]),
        text(body["signature"]),
        text(body["endorsement"]),
    ),
    Kind.SIGNATURE: lambda body: HeadSigned(
        _read_instant(body), text(body["key"]), text(body["signature"])
    ),
    Kind.GAP: _read_gap,
    Kind.GPU: lambda body: GpuChanged(
        _read_instant(body),
        parse_slot(body["slot"]),
        GpuUuid(text(body["gpu"])),
        text(body["change"]),
    ),
    Kind.READINGS: _read_readings,
    Kind.TAIL_CUT: lambda body: TailCut(_read_instant(body), integer(body["size_bytes"])),
    Kind.HOUR: lambda body: HourClosed(
        _read_instant(body),
        read_block(body["block"], _read_condition),
        text(body["key"]),
        text(body["signature"]),
    ),
}


def _slots(conditions: Mapping[Slot, Condition]) -> dict[str, object]:
    return {str(slot): _write_condition(condition) for slot, condition in conditions.items()}


def _write_event(event: XidSeen) -> dict[str, Any]:
    told = {
        "role": event.role,
        "evidence": event.evidence,
        "kernel_sequence": event.kernel_sequence,
        "happened_wall_ms": event.happened_wall_ms,
        "count": event.count if event.count > 1 else None,
    }
    known = {name: value for name, value in told.items() if value not in {"", None}}
    return {"slot": str(event.slot), "gpu": event.gpu, "xid": event.xid, **known}


def _write_observed(record: Observed) -> dict[str, Any]:
    return {
        "from_mono_ms": record.from_mono_ms,
        "samples": record.samples,
        "gap_ms": record.gap_ms,
        "slots": _slots(record.conditions),
    }


def _write_occupancy(record: Occupancy) -> dict[str, Any]:
    return {"gpus": {str(slot): gpu for slot, gpu in record.gpus.items()}}


def _named(*names: str) -> Callable[[Any], dict[str, Any]]:
    """Write the fields of these names as they are."""
    return lambda body: {name: getattr(body, name) for name in names}


def _write_started(record: Started) -> dict[str, Any]:
    names = ("node", "agent_version", "source", "interval_ms", "valid_ms")
    told = {"build": record.build, "configuration": record.configuration}
    return {**_named(*names)(record), **{name: value for name, value in told.items() if value}}


def _write_gpu(record: GpuChanged) -> dict[str, Any]:
    return {"slot": str(record.slot), "gpu": record.gpu, "change": record.change}


def _write_readings(record: ReadingsTaken) -> dict[str, Any]:
    return {"gpus": {str(slot): readings for slot, readings in record.gpus.items()}}


def _write_hour(record: HourClosed) -> dict[str, Any]:
    block = block_content(record.block)
    return {"block": block, "key": record.key, "signature": record.signature}


_WRITERS: dict[type[Body], tuple[Kind, Callable[[Any], dict[str, Any]]]] = {
    Started: (Kind.STARTED, _write_started),
    Stopped: (Kind.STOPPED, _named("cause")),
    Observed: (Kind.OBSERVED, _write_observed),
    Occupancy: (Kind.OCCUPANCY, _write_occupancy),
    XidSeen: (Kind.EVENT, _write_event),
    ClockStepped: (Kind.CLOCK_STEPPED, _named("by_ms")),
    SourceRestarted: (Kind.SOURCE_RESTARTED, _named("cause")),
    ConfigurationChanged: (Kind.CONFIGURATION_CHANGED, _named("subject", "digest")),
    KeyIntroduced: (Kind.KEY, _named("public", "previous", "signature", "endorsement")),
    HeadSigned: (Kind.SIGNATURE, _named("key", "signature")),
    Gap: (Kind.GAP, _named("from_mono_ms", "until_mono_ms", "cause")),
    GpuChanged: (Kind.GPU, _write_gpu),
    ReadingsTaken: (Kind.READINGS, _write_readings),
    TailCut: (Kind.TAIL_CUT, _named("size_bytes")),
    HourClosed: (Kind.HOUR, _write_hour),
}


def _content(body: Body) -> tuple[str, dict[str, Any]]:
    if isinstance(body, Opaque):
        raise TypeError(body)
    kind, write = _WRITERS[type(body)]
    return kind, {"at": _write_instant(body.at), **write(body)}
