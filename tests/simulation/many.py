"""Many seeds one after another, and what they came to; a batch may run in a process of its own."""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count

import structlog

from gpusla_collector.usecases import reload_inputs, replay, world
from tests.simulation.inside import grounds
from tests.simulation.run import simulate
from tests.simulation.site import FoundError


@dataclass(slots=True)
class Tally:
    """
    What seeds came to.

    found: by seed, the last steps before something did not hold, and what.
    """

    seeds: int = 0
    operations: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    found: dict[int, str] = field(default_factory=dict)


def run_seeds(kind: str, first: int, *, seeds: int = 0, operations: int = 0) -> Tally:
    """
    Run seeds from the first on: so many, or until so many operations are done.

    Stops at the first seed that finds something.  kind: memory, sqlite or postgresql.
    """
    tally = Tally()
    with grounds(kind) as ground, prepared():
        for seed in count(first):
            try:
                outcome = simulate(seed, ground)
            except FoundError as error:
                tally.found[seed] = str(error)
                return tally
            tally.seeds += 1
            tally.operations += outcome.operations
            tally.counts += outcome.counts
            if tally.seeds >= seeds and tally.operations >= operations:
                return tally
    raise AssertionError


@contextmanager
def prepared() -> Iterator[None]:
    """
    Let nothing below critical be logged: a crash is no news here.

    Files are parsed once for all processes that are started over them, which is a seventh of the
    time: parsing is pure, and what comes of it is never changed.
    """
    before, right = structlog.get_config(), world.read_world
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    parsed = lru_cache(maxsize=64)(right)
    readers = (reload_inputs, replay)
    for module in readers:
        module.__dict__["read_world"] = lambda files: parsed(tuple(files))
    try:
        yield
    finally:
        structlog.configure(**before)
        for module in readers:
            module.__dict__["read_world"] = right
