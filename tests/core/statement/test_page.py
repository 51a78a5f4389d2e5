"""The page: what it must say, that it is the same twice, and that nothing in it can do harm."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gpusla.contracts.model import Citation, ContractVersion, Parties
from gpusla.identity import NodeName
from gpusla.journal.model import Finding
from gpusla.ledger.booking import decide
from gpusla.sla.evaluation import Evaluation
from gpusla.statement import Statement, digest, to_json
from gpusla.statement.reading import from_json
from gpusla.statement.render.contents import contents
from gpusla.statement.render.document import Mark, Row, Table
from gpusla.statement.render.page import TEMPLATES, to_html
from tests.core.sla.making import CONTRACT
from tests.core.statement.scenes import (
    INPUTS,
    bad_october,
    four_promises,
    open_month,
    statement,
)
from tests.core.statement.test_statement import (
    NOTHING,
    ON_CLAIM,
    SHADOW,
    one_gpu,
    same_as_golden,
)

REFLECTION = Path(__file__).parents[2] / "golden" / "statement" / "reflection.json"
EVIL = "<script>alert('1')</script>\"'&{{ 7 * 7 }}"


def page(of: Statement) -> str:
    """A statement's page."""
    return to_html(contents(of)).decode()


def unstyled(text: str) -> str:
    """Return a page with the name of its style sheet instead of the sheet, which it holds once."""
    style = TEMPLATES.joinpath("page.css").read_text("utf-8")
    assert text.count(style) == 1
    return text.replace(style, "/* page.css */\n")


def test_the_page_is_what_it_was() -> None:
    """A month under four promises, with a credit that was capped and claimed, style and all."""
    same_as_golden("four.html", page(statement(four_promises())))


def test_the_page_of_an_open_month_is_what_it_was() -> None:
    """Half judged; nothing is owed yet."""
    same_as_golden("open.html", unstyled(page(statement(open_month(), ()))))


def test_the_page_of_the_demos_month_is_what_it_was() -> None:
    """Reflection's October, as the demo's collector wrote it: a rack lost its NVLink switch."""
    of = from_json(REFLECTION.read_bytes())
    same_as_golden("reflection.html", unstyled(page(of)))
    assert "USD 7,500,000.00" in page(of)


def test_a_promise_is_placed_by_its_number_and_the_papers_first() -> None:
    """Not by the field of a file alone, which a reader of papers has never seen."""
    cited = Citation("slos[1].target", "msa", "7", "4.2")
    contract = replace(four_promises().contract, citations=(cited,))
    shown = page(statement(replace(four_promises(), contract=contract), ()))
    assert "<dd>promise 1 in the contract&#39;s file, field slos[0]</dd>" in shown
    second = "promise 2 in the contract&#39;s file, field slos[1]"
    assert f"<dd>msa clause 4.2 page 7; {second}</dd>" in shown


def test_the_same_statement_gives_the_same_page() -> None:
    """Also when it was read back from its file, and whatever the order of its journals."""
    one = statement(four_promises())
    backwards = replace(INPUTS, journals=dict(reversed(list(INPUTS.journals.items()))))
    assert page(one) == page(from_json(to_json(one))) == page(replace(one, inputs=backwards))


@pytest.mark.parametrize("evaluation", [bad_october, four_promises])
def test_every_figure_of_the_answer_is_on_the_page(evaluation: object) -> None:
    """Taken from the JSON by hand: the credit's bounds, what was delivered, each value."""
    of = statement(evaluation())  # type: ignore[operator]
    shown = Text.of(page(of))
    for figure in answers(json.loads(to_json(of))):
        assert figure in shown, figure


def answers(data: dict[str, object]) -> Iterator[str]:
    """The figures of a statement's JSON as people write them; USD has two decimals."""
    evaluation = data["evaluation"]
    assert isinstance(evaluation, dict)
    for minor_units in evaluation["credit_minor_units"].values():
        yield f"USD {minor_units // 100:,}.{minor_units % 100:02}"
    for gpu_ms in evaluation["account"]["delivered_gpu_ms"].values():
        yield f"{int(Fraction(gpu_ms) * 1000 / 3_600_000) / 1000:,.3f}"
    for outcome in evaluation["outcomes"]:
        for ratio in outcome["value"].values():
            yield f"{int(Fraction(ratio) * 1_000_000) / 10_000:.4f} %"


def test_printed_amounts_add_up_to_the_credit() -> None:
    """The credit by objective, and the bookings: 858,380.99 + 1,141,619.02 = 2,000,000.01."""
    tables = [
        block
        for section in contents(statement(four_promises())).sections
        if section.id == "credit"
        for block in section.blocks
        if isinstance(block, Table)
    ]
    sums = [table.rows for table in tables if table.figures == 1]
    assert len(sums) == 2
    for rows in sums:
        *parts, total = rows
        assert total.mark is Mark.TOTAL
        assert sum(map(cents, parts)) == cents(total) == 200_000_001


def cents(row: Row) -> int:
    """The amount at a row's end."""
    return int(re.sub(r"[^0-9-]", "", row.cells[-1]))


def hostile() -> Statement:
    """A month whose names and findings are written by somebody who wants to run a script."""
    evaluation = four_promises()
    parties = Parties(provider=EVIL, tenant=EVIL)
    losses = tuple(
        replace(
            loss,
            unit=EVIL,
            reasons=(EVIL,),
            causes=tuple(replace(one, findings=(Finding(EVIL, EVIL),)) for one in loss.causes),
        )
        for loss in evaluation.losses
    )
    changed: Evaluation = replace(
        evaluation,
        contract=replace(evaluation.contract, parties=parties, assumed=(EVIL,)),
        losses=losses,
        exclusions=(EVIL,),
    )
    one = statement(changed, decide((), evaluation, is_final=True))
    journals = {NodeName(EVIL): next(iter(INPUTS.journals.values()))}
    return replace(one, inputs=replace(INPUTS, journals=journals))


def test_whatever_others_wrote_is_shown_and_does_nothing() -> None:
    """Names, reasons, ids of exclusions, nodes."""
    html = page(hostile())
    text = Text.of(html)
    assert "<script" not in html
    assert text.count(EVIL) > 10
    assert not [name for _, names in Text.parsed(html).tags for name in names if name[:2] == "on"]


def test_the_page_needs_nothing_but_itself() -> None:
    """No script, no image, no frame, no address to load from."""
    html = page(statement(four_promises()))
    tags = Text.parsed(html).tags
    assert not {tag for tag, _ in tags} & {"script", "img", "link", "iframe", "object", "form"}
    assert not {name for _, names in tags for name in names} & {"src", "href", "action", "onload"}
    assert "url(" not in html
    assert "@import" not in html
    assert "default-src 'none'" in unescape(html)


@pytest.mark.parametrize(
    ("of", "more", "label", "amount"),
    [
        # 18 of 744 hours: 97.5 %, the tier of 10 %.
        (CONTRACT, {}, "Credit by what is known so far", "USD 15,000,000.00"),
        # 10 % of a price of USD 10,000.00.
        (SHADOW, {}, "Worth at the shadow price; no money is owed", "USD 1,000.00"),
        (NOTHING, {}, "Credit by what is known so far", "USD 0.00"),
        (ON_CLAIM, {}, "May be claimed", "USD 15,000,000.00"),
    ],
)
def test_the_answer_is_called_what_it_is(
    of: ContractVersion, more: dict[str, object], label: str, amount: str
) -> None:
    """Known so far, a shadow, nothing, or to be asked for; final ones are owed."""
    document = contents(statement(one_gpu(of, 18, **more), ()))
    assert (document.amount_label, document.amount) == (label, amount)
    assert not document.is_settled
    assert label in Text.of(to_html(document).decode())


def test_a_final_credit_is_owed() -> None:
    """And the page says that it is settled."""
    document = contents(statement(four_promises()))
    assert (document.amount_label, document.amount) == ("Credit owed", "USD 2,000,000.01")
    assert document.is_settled


def test_a_month_without_a_loss_has_no_list_of_losses() -> None:
    """And says that nothing was lost."""
    document = contents(statement(one_gpu(CONTRACT, 0), ()))
    assert "losses" not in {section.id for section in document.sections}
    assert "No committed time was lost in this period." in Text.of(to_html(document).decode())


def test_the_page_ends_with_its_digest() -> None:
    """So that a print can be held against the file."""
    one = statement(bad_october())
    assert Text.of(page(one)).rstrip().endswith(digest(one))


class Text(HTMLParser):
    """The text and the tags of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.tags: list[tuple[str, list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag and the names of its attributes."""
        self.tags.append((tag, [name for name, _ in attrs]))

    def handle_data(self, data: str) -> None:
        """Keep what is said."""
        self.said.append(data)

    @classmethod
    def parsed(cls, html: str) -> "Text":
        """Read a page."""
        parser = cls()
        parser.feed(html)
        parser.close()
        return parser

    @classmethod
    def of(cls, html: str) -> str:
        """The text of a page."""
        return "".join(cls.parsed(html).said)
