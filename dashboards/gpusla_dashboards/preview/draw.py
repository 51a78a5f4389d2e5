"""One page from its JSON to a file and a picture, and what its queries did not give."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from gpusla_dashboards.preview.ask import Answered, answered, choose
from gpusla_dashboards.preview.page import WIDTH, height, html
from gpusla_dashboards.preview.prometheus import Window
from gpusla_dashboards.preview.screenshot import picture

SCALE = 1.5


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn page.  missing: a sentence for each query that gave nothing where it should."""

    html: str
    height: int
    missing: tuple[str, ...]


def draw(
    client: httpx.Client, page: Mapping[str, Any], window: Window, given: Mapping[str, str]
) -> Drawn:
    """Ask everything that the page asks and draw it; given: values for its variables."""
    chosen = choose(client, page, window, given)
    panels = tuple(answered(client, page, window, chosen))
    return Drawn(html(page, panels, window, chosen), height(page), tuple(missing(panels)))


def missing(panels: Sequence[Answered]) -> Iterator[str]:
    """Say which queries gave nothing; where nothing is an answer, only a refusal counts."""
    for one in panels:
        if one.trouble:
            yield f"{one.title}: {one.trouble}"
        elif not one.may_be_empty:
            for answer in one.answers:
                if not answer.series:
                    yield f"{one.title}: nothing for {answer.expression}"


def save(drawn: Drawn, json_name: Path, *, with_picture: bool) -> Path:
    """Write the page beside the name of its JSON, and a picture of it if one is wanted."""
    json_name.parent.mkdir(parents=True, exist_ok=True)
    page = json_name.with_suffix(".html")
    page.write_text(drawn.html, "utf-8")
    if with_picture:
        picture(page, json_name.with_suffix(".png"), WIDTH, drawn.height, SCALE)
        return json_name.with_suffix(".png")
    return page
