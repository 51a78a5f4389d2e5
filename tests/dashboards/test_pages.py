"""
What makes a page good, checked on what is built.

These are the rules of Grafana's dashboard-linter, written anew.  Left out are its two about `job`
and `instance`: our axes are contract, rack and node, and one agent may answer for many nodes.
"""

import copy
import json
import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import jsonschema
import promql_parser
import pytest
import yaml

from gpusla.catalogue.metrics import METRICS, MetricKind
from gpusla_dashboards import build
from gpusla_dashboards.panels import promql
from tests.dashboards.pages import JSON_FOLDER, ROOT, Json, pages, panels, queries, readable

SCHEMA = json.loads((Path(__file__).parent / "schema" / "page.schema.json").read_text("utf-8"))
BY_NAME = {metric.name: metric for metric in METRICS}
RULES = sorted((ROOT / "alerts").glob("*.rules.yml"))
COUNTERS = [metric.name for metric in METRICS if metric.kind is MetricKind.COUNTER]
SECTIONS = ["Now", "Over time", "What is wrong", "Details"]
PANELS_MAX = 27
"""As many as one tray has to tell; each asks Prometheus at every refresh."""
WORDS = re.compile(r"(?<![\w\"$/.])((?:[a-z]+:)?gpusla_\w+(?::\w+)?)")


EVERY_PANEL = [pytest.param(name, panel, id=name) for name, panel in panels()]
EVERY_QUERY = [pytest.param(name, expression, id=name) for name, expression in queries()]
every_page = pytest.mark.parametrize("page", pages(), ids=lambda page: page["uid"])
every_panel = pytest.mark.parametrize(("name", "panel"), EVERY_PANEL)
every_query = pytest.mark.parametrize(("name", "expression"), EVERY_QUERY)


def test_the_committed_json_is_what_the_code_builds() -> None:
    """Nobody edits it by hand; `gpusla dashboards build` writes it."""
    assert not build.differences(JSON_FOLDER)


@every_page
def test_a_page_has_the_form_that_grafana_reads(page: Json) -> None:
    """The parts of the classic model that we use, and no others."""
    jsonschema.Draft202012Validator(SCHEMA).validate(page)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda panel: panel.update(datasorce={}),
        lambda panel: panel["targets"][0].update(expression="up"),
        lambda panel: panel["fieldConfig"]["defaults"].update(unit="bananas"),
        lambda panel: panel["gridPos"].update(w=25),
        lambda panel: panel["fieldConfig"]["overrides"].append({"matcher": {}, "properties": []}),
    ],
)
def test_a_planted_mistake_is_found(spoil: Callable[[Json], None]) -> None:
    """The form is not so wide that everything fits it."""
    page = copy.deepcopy(pages()[0])
    spoil(page["panels"][1])
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(page)


@every_page
def test_sections_come_in_the_same_order_on_every_page(page: Json) -> None:
    """So that the eye knows where to look."""
    assert [panel["title"] for panel in page["panels"] if panel["type"] == "row"] == SECTIONS


@every_page
def test_panels_stand_on_the_grid_and_not_on_one_another(page: Json) -> None:
    """Grafana would push them apart and the page would look different from its code."""
    places = [panel["gridPos"] for panel in page["panels"]]
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or apart, (one, other)


@every_page
def test_lines_are_filled_to_the_edge(page: Json) -> None:
    """Every line of panels is as wide as the page, and its panels are of one height."""
    lines: dict[int, list[Json]] = {}
    for panel in page["panels"]:
        lines.setdefault(panel["gridPos"]["y"], []).append(panel["gridPos"])
    assert {sum(place["w"] for place in line) for line in lines.values()} == {24}
    assert all(len({place["h"] for place in line}) == 1 for line in lines.values())


@every_page
def test_ids_are_there_once(page: Json) -> None:
    """Links to a single panel carry its id."""
    numbers = [panel["id"] for panel in page["panels"]]
    assert len(set(numbers)) == len(numbers)
    assert len([panel for panel in page["panels"] if panel["type"] != "row"]) <= PANELS_MAX


@every_page
def test_a_page_is_read_only_in_utc_and_found_by_its_name(page: Json) -> None:
    """Generated, so an edit would be lost; in UTC, because contracts have zones of their own."""
    assert page["editable"] is False
    assert page["timezone"] == "utc"
    assert page["tags"] == ["gpusla"]
    assert (JSON_FOLDER / f"{page['uid']}.json").is_file()
    assert page["links"][0]["tags"] == ["gpusla"]


@every_page
def test_variables_begin_with_the_source_and_are_read_again_when_time_changes(page: Json) -> None:
    """A rack that was added an hour ago must be in the list."""
    source, *others = page["templating"]["list"]
    assert (source["type"], source["name"], source["label"]) == (
        "datasource",
        "datasource",
        "Data source",
    )
    assert all(variable["refresh"] == 2 for variable in others)
    for variable in others:
        metric, label = re.fullmatch(
            r"label_values\((\w+)(?:\{.*\})?, (\w+)\)", variable["query"]
        ).groups()  # type: ignore[union-attr]
        assert label in BY_NAME[metric].labels


@every_panel
def test_a_panel_says_what_it_is_in_which_unit_and_asks_the_chosen_source(
    name: str, panel: Json
) -> None:
    """A figure without a sentence is a riddle."""
    assert panel["title"], name
    assert panel["description"].endswith(".")
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"]
    assert defaults["noValue"]
    asked = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
    assert all(one == {"type": "prometheus", "uid": "${datasource}"} for one in asked)


@every_panel
def test_numbers_are_asked_for_this_instant(name: str, panel: Json) -> None:
    """Over a range, the last value of a series that has ended would pass for a figure of now."""
    over_time = panel["type"] in {"timeseries", "state-timeline"}
    assert panel["targets"], name
    assert all(target.get("instant", False) is not over_time for target in panel["targets"])
    if panel["type"] in {"stat", "bargauge"}:
        assert panel["options"]["reduceOptions"]["calcs"] == ["lastNotNull"]


@every_panel
def test_links_lead_to_pages_that_exist(name: str, panel: Json) -> None:
    """And keep the time that is looked at."""
    for override in panel["fieldConfig"]["overrides"]:
        for setting in override["properties"]:
            if setting["id"] == "links":
                for link in setting["value"]:
                    uid = link["url"].split("/")[2]
                    assert (JSON_FOLDER / f"{uid}.json").is_file(), name
                    assert link["url"].endswith("${__url_time_range}")


@every_query
def test_a_query_is_promql(name: str, expression: str) -> None:
    """As a parser reads it that is not Prometheus's own."""
    promql_parser.parse(readable(expression))
    assert name


@every_query
def test_a_query_names_only_metrics_that_exist(name: str, expression: str) -> None:
    """In the catalogue, or recorded by our rules."""
    known = BY_NAME.keys() | set(map(str, promql.RECORDED))
    found = WORDS.findall(expression)
    assert set(found) <= known, name
    assert found or "ALERTS" in expression


@every_query
def test_counters_are_only_asked_how_fast_they_grow(name: str, expression: str) -> None:
    """Over Grafana's own interval, so that no step of a graph misses a scrape."""
    for counter in COUNTERS:
        if counter in expression:
            grown = rf"(rate|increase)\({counter}(\{{[^}}]*\}})?\[\$__rate_interval\]\)"
            assert re.search(grown, expression), name
    for found in re.findall(r"(?:rate|increase)\((\w+)", expression):
        assert found in COUNTERS, name


def test_recorded_names_are_those_of_the_rules() -> None:
    """A rule that is renamed takes its panels along."""
    recorded = {
        rule["record"]
        for file in RULES
        for group in yaml.safe_load(file.read_text("utf-8"))["groups"]
        for rule in group["rules"]
        if "record" in rule
    }
    assert set(map(str, promql.RECORDED)) <= recorded


def test_a_state_has_one_colour_everywhere() -> None:
    """Colour is never alone, and never means two things."""
    colours: dict[str, set[str]] = {}
    for _, panel in panels():
        for override in panel["fieldConfig"]["overrides"]:
            for setting in override["properties"]:
                if setting["id"] == "color" and setting["value"].get("mode") == "fixed":
                    name = override["matcher"]["options"]
                    colours.setdefault(name, set()).add(setting["value"]["fixedColor"])
    for state in ("ok", "degraded", "down", "unknown"):
        assert len(colours[state]) == 1, state


def test_provisioning_files_name_the_source_and_the_folder() -> None:
    """What Grafana reads at start."""
    folder = ROOT / "dashboards" / "provisioning"
    source = yaml.safe_load((folder / "datasources" / "gpusla.yml").read_text("utf-8"))
    provider = yaml.safe_load((folder / "dashboards" / "gpusla.yml").read_text("utf-8"))
    assert [one["type"] for one in source["datasources"]] == ["prometheus"]
    assert provider["providers"][0]["allowUiUpdates"] is False
