"""Records for Hypothesis: a few slots over a few milliseconds, every disagreement allowed."""

from hypothesis import strategies as st

from gpusla.catalogue.reasons import State
from gpusla.identity import NodeName, Slot
from gpusla.instants import Interval
from gpusla.journal.model import Condition, Finding
from gpusla.timeline.model import Evidence, StateSpan, Witness

LENGTH_MS = 24
PERIOD = Interval(0, LENGTH_MS)
SLOTS = [Slot("c2", f"r{rack}", "t01", f"m{module}") for rack in (1, 2) for module in range(3)]
CONDITIONS = [
    Condition(State.OK),
    Condition(State.DOWN, (Finding("fabric_down"),)),
    Condition(State.DEGRADED, (Finding("thermal_slowdown"),)),
    Condition(State.DEGRADED, (Finding("power_limit"),)),
    Condition(State.UNKNOWN, (Finding("gpu_unobservable"),)),
]
PROVIDER = st.just(Witness.PROVIDER)
ANYBODY = st.sampled_from(Witness)


def intervals(window: Interval = PERIOD) -> st.SearchStrategy[Interval]:
    """Some time in or around a window."""
    instants = st.integers(window.start_ms - 4, window.end_ms + 4)
    return st.tuples(instants, instants).map(lambda pair: Interval(min(pair), max(pair)))


@st.composite
def spans(
    draw: st.DrawFn, slots: list[Slot], witnesses: st.SearchStrategy[Witness] = PROVIDER
) -> StateSpan:
    """A record of some slot, which may overlap with and contradict others."""
    interval = draw(intervals())
    condition = draw(st.sampled_from(CONDITIONS))
    other = draw(st.sampled_from([None, None, *CONDITIONS]))
    sequence = draw(st.integers(1, 9))
    return StateSpan(
        draw(st.sampled_from(slots)),
        interval.start_ms,
        interval.end_ms,
        condition,
        None if other == condition else other,
        draw(st.sampled_from([0, 0, 1, 3, None])),
        Evidence(NodeName(draw(st.sampled_from(["n1", "n2"]))), sequence, sequence),
        draw(witnesses),
    )
