"""Every link of every page leads to a file that exists, and to a heading that is in it."""

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
FENCED = re.compile(r"^ *(```+).*?^ *\1 *$", re.DOTALL | re.MULTILINE)
IN_TICKS = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
LINK = re.compile(r"\]\(([^)\s]+)[^)]*\)")
HEADING = re.compile(r"^#+ +(.+?) *#* *$", re.MULTILINE)
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:")


def prose(page: Path) -> str:
    """Return a page without its fenced blocks, in which nothing is a heading or a link."""
    return FENCED.sub("", page.read_text("utf-8"))


def slug(heading: str) -> str:
    """Return the name that GitHub gives to a heading, but for a number where two are alike."""
    shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w -]", "", shown.lower()).replace(" ", "-")


@cache
def slugs(page: Path) -> frozenset[str]:
    """Return the names of a page's headings; the second that is alike ends with -1."""
    before: Counter[str] = Counter()
    found = set()
    for heading in HEADING.findall(prose(page)):
        name = slug(heading)
        found.add(f"{name}-{before[name]}" if before[name] else name)
        before[name] += 1
    return frozenset(found)


def links(page: Path) -> list[str]:
    """Return a page's links within the repository; addresses outside are not asked."""
    found = LINK.findall(IN_TICKS.sub("", prose(page)))
    return [link for link in found if not ELSEWHERE.match(link)]


def leads_somewhere(page: Path, link: str) -> bool:
    """Tell whether there is what a link of a page names."""
    path, _, heading = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not heading or heading in slugs(target))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    """To a file of this repository, and to a heading of it where one is named."""
    assert [link for link in links(page) if not leads_somewhere(page, link)] == []


def test_a_link_that_leads_nowhere_is_noticed(tmp_path: Path) -> None:
    """What only looks like one, or like a heading, is none."""
    page = tmp_path / "page.md"
    page.write_text(
        "# A page\n[1](page.md) [2](gone.md) [3](#a-page) [4](page.md#gone) [5](#no-heading)\n"
        '[6](https://example.org/x#y) `[7](gone.md)` ![8](gone.png "a title") [9](.)\n'
        "1. In a list\n\n   ```sh\n   # No heading\n   [10](gone.md)\n   ```\n",
        "utf-8",
    )
    broken = [link for link in links(page) if not leads_somewhere(page, link)]
    assert broken == ["gone.md", "page.md#gone", "#no-heading", "gone.png"]


def test_headings_have_the_names_that_github_gives_them(tmp_path: Path) -> None:
    """Letters of any language stay, marks go, and each space is a hyphen."""
    page = tmp_path / "page.md"
    page.write_text(
        "# `ok`, not *up*\n## A [link](x.md)\n## Größe: 5 % & more\n## In_one-word ##\n"
        "## Twice\n## Twice\n",
        "utf-8",
    )
    names = {"ok-not-up", "a-link", "größe-5---more", "in_one-word", "twice", "twice-1"}
    assert slugs(page) == names
