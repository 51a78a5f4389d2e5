"""The PDF: the same content as the page, the statement itself inside, and the same bytes twice."""

import hashlib
import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache

import pytest
from pypdf import PdfReader

from gpusla.contracts.model import Parties
from gpusla.statement import Statement, digest, to_json
from gpusla.statement.reading import from_json
from gpusla.statement.render.contents import contents
from gpusla.statement.render.document import Block, Paragraph, Row, Section, Table, texts
from gpusla.statement.render.pdf import to_pdf
from tests.core.statement.scenes import bad_october, four_promises, statement
from tests.core.statement.test_page import REFLECTION, answers

MARKUP = '#panic("no") $x$ *bold* `raw` @label \\ // [ ] <tag>'


def pdf(of: Statement) -> bytes:
    """A statement's PDF."""
    return to_pdf(of, contents(of))


@cache
def four() -> PdfReader:
    """The month under four promises, read by another program than wrote it."""
    return PdfReader(io.BytesIO(pdf(statement(four_promises()))))


def text_of(reader: PdfReader) -> str:
    """All that the pages say, without what lines and pages have between words."""
    return squeezed("".join(page.extract_text() for page in reader.pages))


def squeezed(text: str) -> str:
    """Text without white space, in which a line's end inside a word is none."""
    return re.sub(r"\s", "", text)


def test_no_line_ends_between_a_number_and_its_percent() -> None:
    """The sentence of the answer ended a line with `99`, and the sign began the next one."""
    reader = PdfReader(io.BytesIO(pdf(statement(bad_october()))))
    lines = [line.strip() for page in reader.pages for line in page.extract_text().splitlines()]
    assert any("99" in line and "% is promised." in line for line in lines)
    assert not [line for line in lines if line.startswith("%")]


def test_the_same_statement_gives_the_same_bytes() -> None:
    """Also when it was read back from its file."""
    one = statement(bad_october())
    assert pdf(one) == pdf(one) == pdf(from_json(to_json(one)))


def test_another_process_gives_the_same_bytes() -> None:
    """With other seeds for hashes, another home and another zone."""
    program = (
        "import sys; from gpusla.statement.reading import from_json;"
        "from gpusla.statement.render.contents import contents;"
        "from gpusla.statement.render.pdf import to_pdf;"
        "s = from_json(sys.stdin.buffer.read()); sys.stdout.buffer.write(to_pdf(s, contents(s)))"
    )
    one = statement(bad_october())
    environment = {"PYTHONHASHSEED": "7", "HOME": "/nonexistent", "TZ": "Asia/Tokyo"}
    finished = subprocess.run(
        [sys.executable, "-c", program],
        input=to_json(one),
        capture_output=True,
        check=True,
        env=environment,
    )
    assert hashlib.sha256(finished.stdout).digest() == hashlib.sha256(pdf(one)).digest()


def test_the_statement_itself_is_attached() -> None:
    """Byte for byte, so that its SHA-256 is the digest that the pages name."""
    one = statement(four_promises())
    assert four().attachments == {"acme-2026-2026-10.json": [to_json(one)]}
    assert hashlib.sha256(to_json(one)).hexdigest() == digest(one)
    assert digest(one) in text_of(four())


def test_it_says_that_it_is_pdf_a_3b() -> None:
    """In the metadata that archives read."""
    metadata = four().xmp_metadata
    assert metadata is not None
    assert (metadata.pdfaid_part, metadata.pdfaid_conformance) == ("3", "B")


def test_its_date_is_the_statements_own() -> None:
    """The instant that was judged to: the end of October in Chicago."""
    information = four().metadata
    assert information is not None
    assert information.creation_date is not None
    assert f"{information.creation_date:%Y-%m-%d %H:%M:%S}" == "2026-11-01 05:00:00"


def test_every_figure_of_the_answer_is_in_the_pdf() -> None:
    """The same that must be on the page."""
    shown = text_of(four())
    for figure in answers(json.loads(to_json(statement(four_promises())))):
        assert squeezed(figure) in shown, figure


def test_the_pages_say_all_that_the_document_says() -> None:
    """Every sentence, title and cell; colours and marks aside."""
    marks = {"total", "reached", "warning", "quiet", ""}
    shown = text_of(four())
    said = [text for text in texts(contents(statement(four_promises()))) if text not in marks]
    anchors = {section.id for section in contents(statement(four_promises())).sections}
    missing = [
        text
        for text in said
        if squeezed(text) not in shown and text not in anchors and not text.startswith("#")
    ]
    assert missing == []


def test_markup_in_a_name_is_only_a_name() -> None:
    """Whatever a party calls itself, it is shown and nothing is run."""
    evaluation = bad_october()
    parties = Parties(provider=MARKUP, tenant=MARKUP)
    named = replace(evaluation, contract=replace(evaluation.contract, parties=parties))
    reader = PdfReader(io.BytesIO(pdf(statement(named, ()))))
    assert squeezed(MARKUP) in text_of(reader)


def test_the_demos_month_is_a_pdf_of_four_pages() -> None:
    """Reflection's October, with every figure of its answer."""
    of = from_json(REFLECTION.read_bytes())
    reader = PdfReader(io.BytesIO(pdf(of)))
    assert len(reader.pages) == 4
    for figure in answers(json.loads(to_json(of))):
        assert squeezed(figure) in text_of(reader), figure


@pytest.mark.parametrize("above", range(4))
def test_no_page_ends_between_a_row_and_its_note(above: int) -> None:
    """The PDF of October 2026 began a page with the note of a loss that stood on the one before."""
    rows = tuple(Row((f"row-{at}.", "1.000"), note=f"note-{at}.") for at in range(90))
    blocks: tuple[Block, ...] = (Paragraph("above"),) * above + (Table(("Loss", "h"), rows, 1),)
    one = statement(bad_october())
    document = replace(contents(one), sections=(Section("x", "Losses", blocks),))
    reader = PdfReader(io.BytesIO(to_pdf(one, document)))
    pages = [page.extract_text() for page in reader.pages]
    told = [(re.findall(r"row-(\d+)", page), re.findall(r"note-(\d+)", page)) for page in pages]
    assert sum(len(on_page) for on_page, _ in told) == len(rows)
    assert sum(1 for on_page, _ in told if on_page) > 1
    assert all(on_page == noted for on_page, noted in told)


@pytest.mark.parametrize("number", range(6))
def test_every_page_names_its_statement_and_its_number(number: int) -> None:
    """A page that fell out of a file can be put back."""
    shown = squeezed(four().pages[number].extract_text())
    assert f"Page{number + 1}of{len(four().pages)}" in shown
    assert digest(statement(four_promises()))[:32] in shown
