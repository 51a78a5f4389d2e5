"""A worker that went mad: whatever it says, interpreting neither fails nor makes up a reading."""

from math import isfinite
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gpusla.catalogue.readings import GPU, Consent
from gpusla.readings import Absent, GpuReadings, Present
from gpusla_agent.probes import PROBING
from gpusla_agent.probes.plausible import bounds
from gpusla_agent.sources.families import FAMILIES, FAMILY
from gpusla_agent.sources.raw import RawGpu
from tests.agent.probes.said import IDENTITY, VALUES

NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from([0, -1, 2**32 - 1, 2**62, 2**63 - 14, 2**64 - 1, 10**400]),
)
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
    ),
    max_leaves=8,
)
CODES = st.one_of(st.sampled_from([0, 0, 0, 2, 3, 15, 999]), st.integers(), ANYTHING)
ANSWERS = st.one_of(ANYTHING, st.tuples(CODES, ANYTHING), st.lists(ANYTHING, max_size=3))


def links_of(family: str) -> st.SearchStrategy[Any]:
    """Return lists of links whose fields say anything."""
    fields = VALUES[family][1][0]
    link = st.fixed_dictionaries(
        {}, optional={name: st.one_of(ANSWERS, st.tuples(st.just(0), NUMBERS)) for name in fields}
    )
    return st.tuples(st.just(0), st.lists(link, max_size=20))


LINKS = {name: links_of(name) for name in ("links", "link_bytes", "link_errors")}


@st.composite
def samples(draw: st.DrawFn, at_ms: int) -> RawGpu:
    """Return a raw sample in which some calls say anything, and some nothing."""
    families = draw(st.frozensets(st.sampled_from(sorted([*FAMILY, "unheard_of"]))))
    names = [name for family in FAMILIES if family.name in families for name in family.values]
    mad = draw(st.frozensets(st.sampled_from(sorted(VALUES)), max_size=8))
    values: dict[str, Any] = {
        name: draw(LINKS.get(name, st.one_of(ANSWERS, st.tuples(st.just(0), NUMBERS))))
        if name in mad
        else VALUES[name]
        for name in names
    }
    seconds: Any = draw(st.dictionaries(st.sampled_from(sorted(FAMILY)), ANYTHING, max_size=3))
    allowed = draw(st.frozensets(st.sampled_from(sorted(Consent))))
    return RawGpu(IDENTITY, at_ms, values, seconds, None, families, allowed)


def assert_believable(found: GpuReadings) -> None:
    """Every number lies within its bounds; what was rejected is absent."""
    for name, reading in found.numbers.items():
        if isinstance(reading, Present):
            low, high = bounds(name)
            assert isfinite(reading.value)
            assert low <= reading.value <= high
    assert all(isinstance(found.numbers[name], Absent) for name in found.rejected)
    assert set(found.numbers) <= set(GPU)


@given(first=samples(1_000_000), second=samples(1_001_000), later_ms=st.integers(-(10**6), 10**6))
def test_no_sample_makes_interpreting_fail_or_yield_what_cannot_be(
    first: RawGpu, second: RawGpu, later_ms: int
) -> None:
    """Two passes, the second on the readings of the first, on a clock that may go anywhere."""
    before = PROBING.interpret(first, None)
    assert_believable(before.readings)
    moved = RawGpu(
        IDENTITY,
        second.at_mono_ms + later_ms,
        second.values,
        second.seconds,
        None,
        second.families,
        second.allowed,
    )
    after = PROBING.interpret(moved, before.readings)
    assert_believable(after.readings)
    forbidden = {row.name for row in GPU.values() if row.consent not in moved.allowed}
    capacity = {row.name for row in GPU.values() if row.consent is Consent.CAPACITY}
    assert not (set(after.readings.numbers) & forbidden) - capacity
    for took in (*before.seconds.values(), *after.seconds.values()):
        assert isfinite(took)
        assert took >= 0


@given(told=st.dictionaries(st.sampled_from(["uuid", "name", "serial", "module_id"]), ANSWERS))
def test_no_identity_makes_identifying_fail(told: dict[str, Any]) -> None:
    """It is somebody with a UUID of text, or nobody."""
    found = PROBING.identify(0, told)
    assert found is None or found.uuid


@given(told=st.lists(ANYTHING, max_size=4))
def test_no_event_makes_listening_fail(told: list[Any]) -> None:
    """What comes out has a number that an Xid can have."""
    assert all(0 < event.xid < 2**16 for event in PROBING.events(told))
