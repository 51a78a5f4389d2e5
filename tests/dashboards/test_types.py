"""
The pages against Grafana's own types.

The SDK's types are generated from Grafana's schema.  Reading a page into them and writing it again
loses whatever that schema does not know, and refuses what has the wrong shape.
"""

import copy
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder

PAGES = sorted((Path(__file__).resolve().parents[2] / "dashboards" / "json").glob("*.json"))


with warnings.catch_warnings():  # it prefers a newer form of page, which older Grafanas cannot read
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.models import dashboard


@pytest.fixture(autouse=True, scope="module")
def panel_kinds() -> None:
    """Let the SDK know all kinds of panels and queries."""
    plugins.register_default_plugins()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_nothing_on_a_page_is_unknown_to_grafana(path: Path) -> None:
    """The page comes back from Grafana's types as it went in."""
    page = json.loads(path.read_text("utf-8"))
    assert list(_lost(page, _through_types(page))) == []


def test_a_misspelt_key_would_be_found() -> None:
    """Or the test above would prove nothing."""
    page = json.loads(PAGES[0].read_text("utf-8"))
    wrong = copy.deepcopy(page)
    wrong["panels"][1]["tittle"] = "misspelt"
    assert list(_lost(wrong, _through_types(wrong))) == [".panels[1].tittle"]


def _through_types(page: dict[str, Any]) -> Any:
    return json.loads(JSONEncoder(sort_keys=True).encode(dashboard.Dashboard.from_json(page)))


def _lost(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Yield the places where something is missing or different afterwards."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key in after:
                yield from _lost(value, after[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}"
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _lost(one, other, f"{path}[{place}]")
    elif before != after:
        yield path
