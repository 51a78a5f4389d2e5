"""Every query gives something on a fleet with trouble, and the pages can be drawn from it."""

import re
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from gpusla_dashboards import preview
from gpusla_dashboards.cli import app
from gpusla_dashboards.preview import axes, instants, units
from gpusla_dashboards.preview.ask import LABEL, Answer, Answered, choose, fill
from gpusla_dashboards.preview.prometheus import Series, at_end
from gpusla_dashboards.preview.timeline import stretches
from gpusla_dashboards.preview.timeseries import runs
from tests.dashboards.conftest import Server
from tests.dashboards.pages import Json, pages

CHOSEN = {"contract": "acme-1", "domain": "c1/r03", "node": "c1-r03-t01"}
PNG = b"\x89PNG\r\n"


@pytest.mark.parametrize("page", pages(), ids=lambda page: page["uid"])
def test_every_query_of_a_page_is_answered(page: Json, prometheus: Server) -> None:
    """On a real Prometheus, with what the legends need, and nothing left over of a template."""
    window = preview.Window(prometheus.end - 3 * 3600, prometheus.end)
    with httpx.Client(base_url=prometheus.url) as client:
        drawn = preview.draw(client, page, window, CHOSEN)
    assert not drawn.missing
    assert "{{" not in drawn.html
    assert "${" not in re.sub(r'title="[^"]*"', "", drawn.html)
    assert "no data" not in drawn.html


@pytest.mark.parametrize("page", pages(), ids=lambda page: page["uid"])
def test_every_label_of_a_legend_is_in_the_answers(page: Json, prometheus: Server) -> None:
    """A legend with a label that is not there is an empty name."""
    window = preview.Window(prometheus.end - 3 * 3600, prometheus.end)
    with httpx.Client(base_url=prometheus.url) as client:
        for panel in page["panels"]:
            for target in panel.get("targets", []):
                labels = LABEL.findall(target.get("legendFormat", ""))
                expression = fill(target["expr"], CHOSEN, window)
                for series in at_end(client, expression, window):
                    assert set(labels) <= series.labels.keys(), panel["title"]


def test_the_command_writes_pages_and_pictures(prometheus: Server, tmp_path: Path) -> None:
    """With Chromium, as `./run` brings it along."""
    arguments = ["preview", "--prometheus", prometheus.url, "--out", str(tmp_path)]
    arguments += ["--at", str(prometheus.end), "--set", "contract=acme-1", "--set", "domain=c1/r03"]
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 0, ran.output
    for page in pages():
        picture = (tmp_path / f"{page['uid']}.png").read_bytes()
        assert picture.startswith(PNG)
        assert len(picture) > 50_000


def test_a_query_without_an_answer_fails_the_command(prometheus: Server, tmp_path: Path) -> None:
    """Long before the data begins every figure is missing, and each is named."""
    arguments = ["preview", "--prometheus", prometheus.url, "--out", str(tmp_path)]
    ran = CliRunner().invoke(app, [*arguments, "--at", "1700000000", "--no-pictures"])
    assert ran.exit_code == 1
    assert "gpusla-fleet: Delivered: nothing for sum(min by (contract)" in ran.output
    assert "Worst racks" not in ran.output


def test_a_prometheus_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    """And the exit code of a source that cannot be reached."""
    arguments = ["preview", "--prometheus", "http://127.0.0.1:9", "--out", str(tmp_path)]
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 5
    assert "Prometheus does not answer" in ran.output


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (4608.0, "locale", 0, "4,608"),
        (0.98962, "percentunit", 3, "98.962%"),
        (5.04, "s", 1, "5.0 s"),
        (2406.0, "s", 1, "40.1 min"),
        (7200.0, "s", None, "2.0 h"),
        (200_000.0, "s", None, "2.3 d"),
        (1_793_491_200_000.0, "dateTimeAsIso", None, "2026-11-01 00:00"),
        (0.126, "none", None, "0.13"),
        (0.4, "s", 1, "400 ms"),
        (6.1e-05, "s", None, "61 µs"),
        (1400.0, "watt", None, "1.40 kW"),
        (1.92e9, "hertz", None, "1.92 GHz"),
        (0.0, "Bps", None, "0 B/s"),
        (61.0, "celsius", 0, "61 °C"),
        (1.5e-15, "sci", None, "1.5e-15"),
    ],
)
def test_values_are_written_in_their_unit(
    value: float, unit: str, decimals: int | None, text: str
) -> None:
    """As a reader expects them."""
    assert units.shown(value, unit, decimals) == text


@pytest.mark.parametrize(
    ("values", "lowest", "ends"),
    [
        ([3.0, 87.0], 0.0, (0.0, 100.0)),
        ([287.0, 360.0], None, (280.0, 360.0)),
        ([5.0, 5.0], None, (4.9, 5.1)),
        ([0.0, 0.0], 0.0, (0.0, 1.0)),
    ],
)
def test_axes_end_at_round_values(
    values: list[float], lowest: float | None, ends: tuple[float, float]
) -> None:
    """And hold all that is drawn."""
    assert axes.limits(values, lowest) == pytest.approx(ends)


def test_a_gap_in_a_series_is_a_gap_in_its_line() -> None:
    """What was not measured is not drawn."""
    points = [(0.0, 1.0), (30.0, 1.0), (120.0, 1.0)]
    assert list(runs(points, 45)) == [points[:2], points[2:]]


def test_a_bar_lasts_as_long_as_its_value() -> None:
    """And ends where the series does."""
    series = Series({}, [(0.0, 0.0), (30.0, 0.0), (60.0, 3.0), (150.0, 3.0)])
    window = preview.Window(0, 10_800)
    assert list(stretches(series, window)) == [
        (0.0, 60.0, 0.0),
        (60.0, 90.0, 3.0),
        (150.0, 180.0, 3.0),
    ]


def test_rows_are_joined_on_what_they_share() -> None:
    """And stay apart where they differ."""
    first = (("", Series({"contract": "a", "currency": "USD"}, [(0, 1.0)])),)
    second = (
        ("", Series({"contract": "a"}, [(0, 5.0)])),
        ("", Series({"contract": "b"}, [(0, 6.0)])),
    )
    answered = Answered({}, "", (Answer("A", "", first), Answer("B", "", second)))
    assert instants.merged(answered) == [
        {"contract": "a", "currency": "USD", "Value #A": 1.0, "Value #B": 5.0},
        {"contract": "b", "Value #B": 6.0},
    ]


def test_variables_are_filled_into_titles_and_expressions() -> None:
    """The reader's choices and Grafana's own."""
    window = preview.Window(0, 3600)
    assert fill("Slots of $domain [$__range]", CHOSEN, window) == "Slots of c1/r03 [3600s]"


def test_a_variable_may_depend_on_the_one_before_it(prometheus: Server) -> None:
    """Nodes are offered of the rack that was chosen, and of no other."""
    page = next(one for one in pages() if one["uid"] == "gpusla-node")
    window = preview.Window(prometheus.end - 3600, prometheus.end)
    with httpx.Client(base_url=prometheus.url) as client:
        assert choose(client, page, window, {}) == {"domain": "c1/r03", "node": "c1-r03-t01"}
        nowhere = choose(client, page, window, {"domain": "c9/r99"})
    assert nowhere == {"domain": "c9/r99", "node": ""}


def test_a_number_that_stands_for_a_word_is_shown_as_the_word() -> None:
    """In its colour; a number without a word stays a number."""
    yes = {"type": "value", "options": {"1": {"text": "yes", "color": "#e9b13b"}}}
    setting = {"id": "mappings", "value": [yes]}
    override = {"matcher": {"options": "Waits"}, "properties": [setting]}
    panel = {"fieldConfig": {"defaults": {"unit": "locale"}, "overrides": [override]}}
    assert "color:#e9b13b" in instants.cell(panel, "Waits", 1.0)
    assert ">yes<" in instants.cell(panel, "Waits", 1.0)
    assert ">2<" in instants.cell(panel, "Waits", 2.0)
