"""A capture comes from somebody else: whatever is in it, it is refused at once or it replays."""

import json
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpusla.catalogue.readings import Consent
from gpusla.errors import InputError
from gpusla.readings import Pass
from gpusla_agent.probes import PROBING
from gpusla_agent.sources.recorded import RecordedSource
from tests.agent.probes.test_madness import assert_believable
from tests.captures import CAPTURES
from tests.fakes import FakeClock

LINES = CAPTURES[0].read_bytes().splitlines(keepends=True)[:6]
WORDS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=3),
    st.just([]),
    st.just({}),
)


def replay(path: Path) -> Iterator[Pass]:
    """Yield the passes of a capture of a few seconds."""
    clock = FakeClock()
    with closing(RecordedSource(path, clock, PROBING)) as source:
        for _ in range(8):
            seen = source.sample()
            source.allow(dict.fromkeys(seen.gpus, frozenset(Consent)))
            clock.sleep(1)
            yield seen


def holds(path: Path) -> None:
    """Refuse a capture, or replay it to readings that can be."""
    with suppress(InputError):
        for seen in replay(path):
            for gpu in seen.gpus.values():
                assert_believable(gpu)


PLACES = [
    (number, place)
    for number, line in enumerate(LINES)
    for place in range(0, len(line), max(1, len(line) // 400))
]
TMP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@TMP
@given(place=st.sampled_from(PLACES), content=st.binary(max_size=6))
def test_bytes_that_were_changed_do_no_harm(
    tmp_path: Path, place: tuple[int, int], content: bytes
) -> None:
    """As a bad disk or a bad hand leaves them."""
    number, at = place
    lines = list(LINES)
    lines[number] = lines[number][:at] + content + lines[number][at + len(content) :]
    path = tmp_path / "capture.jsonl"
    path.write_bytes(b"".join(lines))
    holds(path)


def leaves(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each value inside a value, itself included."""
    yield way
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*way, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value[:4]):
            yield from leaves(inner, (*way, place))


DATA = [json.loads(line) for line in LINES]
WAYS = [(number, way) for number, data in enumerate(DATA) for way in leaves(data) if way]


@TMP
@given(place=st.sampled_from(WAYS), word=WORDS)
def test_values_that_were_changed_do_no_harm(
    tmp_path: Path, place: tuple[int, tuple[Any, ...]], word: Any
) -> None:
    """JSON still, and nothing that this version would write."""
    number, way = place
    data = json.loads(LINES[number])
    inner = data
    for step in way[:-1]:
        inner = inner[step]
    inner[way[-1]] = word
    path = tmp_path / "capture.jsonl"
    changed = json.dumps(data).encode() + b"\n"
    path.write_bytes(b"".join([*LINES[:number], changed, *LINES[number + 1 :]]))
    holds(path)
