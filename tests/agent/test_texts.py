"""Pages of kept texts say byte for byte what the client library says of the whole."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from gpusla.catalogue.metrics import SeriesSet
from gpusla.readings import Absence, Absent, Present
from gpusla_agent.exposition import NodeView, Renderer, families, render
from gpusla_agent.exposition.text import FORMATS_KEPT_MAX
from tests.agent.trays import AGENT, NODE, faulty, gpu_of, view_of

ACCEPTED = (
    "",
    "text/plain",
    "text/plain;version=1.0.0;escaping=allow-utf-8",
    "application/openmetrics-text;version=1.0.0",
    "application/openmetrics-text;version=1.0.0;escaping=dots",
)
accept_formats = pytest.mark.parametrize("accept", ACCEPTED)


class Whole(Collector):
    """All families of a page at once."""

    def __init__(self, view: NodeView, *foreign: Family) -> None:
        self._view = view
        self._foreign = foreign

    def collect(self) -> Iterator[Family]:
        """Yield them in the page's order."""
        yield from families(self._view, SeriesSet.FULL)
        yield from self._foreign


def whole(view: NodeView, accept: str, *foreign: Family) -> tuple[bytes, str]:
    """Return the page as the client library renders it."""
    encode, content_type = choose_encoder(accept)
    return encode(Whole(view, *foreign)), content_type


@accept_formats
def test_a_page_is_what_the_client_library_gives(accept: str) -> None:
    """In each format, the first time and with texts kept from a second before."""
    renderer = Renderer(SeriesSet.FULL)
    for view in (view_of(), view_of(seconds=1), faulty(view_of(seconds=2)), view_of(seconds=3)):
        assert renderer.render(view, accept) == whole(view, accept)


@given(
    st.lists(
        st.sampled_from([Absent(Absence.STALE), Present(7), Present(0.25), Present(-1.5e300)]),
        min_size=1,
        max_size=6,
    )
)
def test_no_sequence_of_readings_leaves_an_old_text(
    readings: list[Absent | Present[int] | Present[float]],
) -> None:
    """Appearing, changing, and going away are all seen."""
    renderer = Renderer(SeriesSet.FULL)
    for reading in readings:
        first = gpu_of(0)
        first = replace(first, numbers={**first.numbers, "power_watts": reading})
        view = replace(view_of(1), gpus=(first,))
        assert renderer.render(view) == whole(view, "")


@accept_formats
def test_another_exporters_names_stand_on_the_same_page(accept: str) -> None:
    """Behind our own, and rendered anew only when they change."""

    def dialect(view: NodeView) -> Iterator[Family]:
        family = Family("DCGM_FI_DEV_GPU_TEMP", "GPU temperature (in C).", "gauge")
        family.add_sample(family.name, {"gpu": "0"}, 40 + view.agent.samples)
        yield family

    renderer = Renderer(SeriesSet.FULL, (dialect,))
    for view in (view_of(), view_of(seconds=1), view_of(seconds=1)):
        assert renderer.render(view, accept) == whole(view, accept, *dialect(view))


def test_what_did_not_change_is_not_rendered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a second page only what the second changed is made into families."""
    made: list[str] = []
    renderer = Renderer(SeriesSet.FULL)
    renderer.render(view_of())
    original = Family.__init__

    def note(self: Family, name: str, *others: str) -> None:
        made.append(name)
        original(self, name, *others)

    monkeypatch.setattr(Family, "__init__", note)
    renderer.render(view_of(seconds=1))
    assert "gpusla_gpu_power_watts" in made
    assert "gpusla_gpu_temperature_celsius" not in made
    assert len(made) < 12


def test_no_request_makes_an_agent_keep_pages_without_end() -> None:
    """Anybody may ask for a version that nobody has heard of."""
    renderer = Renderer()
    for minor in range(20):
        renderer.render(view_of(1), f"application/openmetrics-text;version=1.0.{minor}")
    assert len(renderer._texts._kept) == FORMATS_KEPT_MAX


@given(
    st.one_of(
        st.text(max_size=60),
        st.from_regex(
            r"(text/plain|application/openmetrics-text)(;(version|escaping)=[0-9a-z.=, -]{0,9})*",
            fullmatch=True,
        ),
    )
)
@example("application/openmetrics-text;version=x")
def test_whatever_is_accepted_there_is_a_page(accept: str) -> None:
    """A version that is no number gets the plain format."""
    body, content_type = render(NodeView(NODE, AGENT), accept)
    assert b"agent" in body
    assert content_type.startswith(
        ("text/plain; version=", "application/openmetrics-text; version=")
    )


def test_a_page_costs_little() -> None:
    """A full page of four GPUs, a second later: the figures stand in decision 0081."""
    renderer = Renderer(SeriesSet.FULL)
    views = [view_of(seconds=second) for second in range(30)]
    renderer.render(views[0])
    costs = []
    for view in views[1:]:
        began = time.thread_time()
        renderer.render(view)
        costs.append(time.thread_time() - began)
    assert min(costs) < 0.0025


def test_one_page_alone_is_the_same_page() -> None:
    """Nothing depends on what was kept."""
    assert render(view_of(), series=SeriesSet.FULL) == Renderer(SeriesSet.FULL).render(view_of())
