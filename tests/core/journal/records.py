"""One body of every kind, as the golden vectors hold them, and strategies that make more."""

from hypothesis import strategies as st

from gpusla.catalogue.reasons import REASONS, State
from gpusla.identity import GpuUuid, NodeName, Slot
from gpusla.journal.body import Body
from gpusla.journal.hours import HourBlock, HourClosed, HourSpan
from gpusla.journal.model import (
    ClockState,
    ClockStepped,
    Condition,
    ConfigurationChanged,
    Finding,
    Gap,
    GpuChanged,
    HeadSigned,
    Instant,
    KeyIntroduced,
    Observed,
    Occupancy,
    ReadingsTaken,
    SourceRestarted,
    Started,
    Stopped,
    TailCut,
    XidSeen,
)

NODE = NodeName("c2-r01-t03")
SLOTS = tuple(Slot("c2", "r01", "t03", f"m{module}") for module in (2, 1, 4, 3))
GPUS = tuple(GpuUuid(f"GPU-00000000-0000-4000-8000-00000000000{index}") for index in range(4))


def at(seconds: int, *, error_ms: int | None = 4) -> Instant:
    """Return an instant of one boot, some seconds after the agent started."""
    clock = ClockState.UNKNOWN if error_ms is None else ClockState.SYNCHRONISED
    mono_ms, wall_ms = 86_400_000 + seconds * 1000, 1_790_000_000_000 + seconds * 1000
    return Instant("5f0c9a52-6d5b-4b7e-9f55-3a4d4b1f0001", 7, mono_ms, wall_ms, clock, error_ms)


_OK = Condition(State.OK)
_DOWN = Condition(
    State.DOWN, (Finding("gpu_lost", "NVML 15"), Finding("xid_fatal", 'Xid 79 \u00b7 "bus"'))
)

# What the codec takes for text; whether it is a signature is asked in gpusla.evidence.
KEY = "dac073e0123bdea59dd9b3bda9cf6037f63aca82627d7abcd5c4ac29dd74003e"
PUBLIC = "/FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU="
SIGNATURE = (
    "YpHWV97sJAJIJ+acOr4BowzlSKKEdDpEXjaA19taw6wY/5tTjRbykK5n92CYTcZZSnwV6XFu0o3AJ77O6h7ECg=="
)

_WALL_MS = at(0).wall_ms
BLOCK = HourBlock(
    NODE,
    3,
    "12" * 32,
    first_sequence=2,
    last_sequence=16,
    head="34" * 32,
    from_ms=_WALL_MS,
    until_ms=_WALL_MS + 30_000,
    records={"observed": 2, "occupancy": 1},
    samples=12,
    gpus=dict(zip(SLOTS, (*GPUS[:3], None), strict=True)),
    spans={
        SLOTS[0]: (
            HourSpan(_WALL_MS + 1_000, _WALL_MS + 2_000, _OK, _DOWN, 4, 4, 6),
            HourSpan(_WALL_MS + 2_000, _WALL_MS + 12_000, _DOWN, None, None, 6, 6),
        ),
        SLOTS[1]: (HourSpan(_WALL_MS + 1_000, _WALL_MS + 12_000, _OK, None, 4, 4, 6),),
    },
)

EVERY_KIND: tuple[Body, ...] = (
    Started(at(0), NODE, "0.1.0", "nvml", 1_000, 2_500),
    ConfigurationChanged(at(0), "inventory", "ab" * 32),
    Occupancy(at(0), dict(zip(SLOTS, (*GPUS[:3], None), strict=True))),
    Observed(at(1), at(1).mono_ms, 1, 0, dict.fromkeys(SLOTS, _OK)),
    XidSeen(at(2), SLOTS[0], GPUS[0], 79),
    Observed(at(12), at(2).mono_ms, 11, 1_004, {SLOTS[0]: _DOWN, SLOTS[1]: _OK}),
    SourceRestarted(at(13, error_ms=None), "two calls hung"),
    ClockStepped(at(14), -3_600_000),
    Stopped(at(15), "SIGTERM"),
    KeyIntroduced(at(16), PUBLIC, "", SIGNATURE, ""),
    HeadSigned(at(16), KEY, SIGNATURE),
    Started(at(17), NODE, "0.2.0", "nvml", 1_000, 2_500, "cd" * 32, "ef" * 32),
    TailCut(at(17), 212),
    GpuChanged(at(18), SLOTS[0], GPUS[0], "reset"),
    ReadingsTaken(
        at(18), {SLOTS[0]: {"power_milliwatts": 412_250, "nvlink_links_active": "stale"}}
    ),
    Gap(at(30), at(18).mono_ms, at(30).mono_ms, "not_scheduled"),
    HourClosed(at(31), BLOCK, KEY, SIGNATURE),
)

INTEGERS = st.integers(min_value=-(2**53), max_value=2**53)
TEXT = st.text(max_size=40)
IDENTIFIERS = st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
INSTANTS = st.builds(
    Instant, TEXT, INTEGERS, INTEGERS, INTEGERS, st.sampled_from(ClockState), st.none() | INTEGERS
)
ANY_SLOTS = st.builds(Slot, IDENTIFIERS, IDENTIFIERS, IDENTIFIERS, IDENTIFIERS)
FINDINGS = st.builds(Finding, st.sampled_from(sorted(REASONS)), TEXT)
CONDITIONS = st.builds(Condition, st.sampled_from(State), st.lists(FINDINGS, max_size=3).map(tuple))
UUIDS = TEXT.map(GpuUuid)


@st.composite
def observations(draw: st.DrawFn) -> Observed:
    """Return an observation whose run does not end before it begins."""
    instant = draw(INSTANTS)
    return Observed(
        instant,
        instant.mono_ms - draw(st.integers(0, 10**9)),
        draw(st.integers(1, 10**6)),
        draw(st.integers(0, 10**6)),
        draw(st.dictionaries(ANY_SLOTS, CONDITIONS, max_size=4)),
    )


HOUR_SPANS = st.builds(
    HourSpan,
    INTEGERS,
    INTEGERS,
    CONDITIONS,
    st.none() | CONDITIONS,
    st.none() | INTEGERS,
    INTEGERS,
    INTEGERS,
)


@st.composite
def hours(draw: st.DrawFn) -> HourClosed:
    """Return a block of some records, none of its figures plausible."""
    first = draw(st.integers(1, 2**53))
    block = HourBlock(
        draw(TEXT.map(NodeName)),
        draw(st.integers(1, 2**53)),
        draw(TEXT),
        first,
        draw(st.integers(first, 2**54)),
        draw(TEXT),
        draw(INTEGERS),
        draw(INTEGERS),
        draw(st.dictionaries(TEXT, INTEGERS, max_size=3)),
        draw(INTEGERS),
        draw(st.dictionaries(ANY_SLOTS, st.none() | UUIDS, max_size=3)),
        draw(st.dictionaries(ANY_SLOTS, st.lists(HOUR_SPANS, max_size=3).map(tuple), max_size=2)),
    )
    return HourClosed(draw(INSTANTS), block, draw(TEXT), draw(TEXT))


BODIES: st.SearchStrategy[Body] = st.one_of(
    st.builds(Started, INSTANTS, TEXT.map(NodeName), TEXT, TEXT, INTEGERS, INTEGERS, TEXT, TEXT),
    st.builds(Stopped, INSTANTS, TEXT),
    observations(),
    st.builds(Occupancy, INSTANTS, st.dictionaries(ANY_SLOTS, st.none() | UUIDS, max_size=4)),
    st.builds(
        XidSeen,
        INSTANTS,
        ANY_SLOTS,
        UUIDS,
        INTEGERS,
        TEXT,
        TEXT,
        st.none() | INTEGERS,
        st.none() | INTEGERS,
        st.integers(1, 10**9),
    ),
    st.builds(ClockStepped, INSTANTS, INTEGERS),
    st.builds(SourceRestarted, INSTANTS, TEXT),
    st.builds(ConfigurationChanged, INSTANTS, TEXT, TEXT),
    st.builds(KeyIntroduced, INSTANTS, TEXT, TEXT, TEXT, TEXT),
    st.builds(HeadSigned, INSTANTS, TEXT, TEXT),
    st.builds(Gap, INSTANTS, st.integers(-(2**53), 0), st.integers(1, 2**53), TEXT),
    st.builds(GpuChanged, INSTANTS, ANY_SLOTS, UUIDS, TEXT),
    st.builds(
        ReadingsTaken,
        INSTANTS,
        st.dictionaries(ANY_SLOTS, st.dictionaries(TEXT, INTEGERS | TEXT, max_size=3), max_size=3),
    ),
    st.builds(TailCut, INSTANTS, INTEGERS),
    hours(),
)
