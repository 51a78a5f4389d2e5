"""
A document as PDF/A-3 with the statement's JSON inside, set by typst in this process.

Only the fonts that the package ships are used and the date is the statement's own, so the same
statement gives the same bytes on every machine with the same version of typst.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Final

import typst

from gpusla.statement.canonical import to_json
from gpusla.statement.model import Statement
from gpusla.statement.render.document import Document, plain
from gpusla.statement.render.grounds import file_name
from gpusla.statement.render.page import TEMPLATES

STANDARD: Final = "a-3b"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PERCENT = re.compile(r"(?<=[0-9]) (?=%)")


def to_pdf(statement: Statement, document: Document, envelope: bytes | None = None) -> bytes:
    """
    Return the PDF; its date is the instant that the statement was judged to.

    envelope: the statement's signed envelope, which is attached to the PDF if there is one; else
    its bare JSON is.
    """
    attached = to_json(statement) if envelope is None else envelope
    evaluation = statement.evaluation
    at = _EPOCH + timedelta(milliseconds=evaluation.until_ms)
    dated = {part: str(getattr(at, part)) for part in ("year", "month", "day", "hour", "minute")}
    return typst.compile(
        TEMPLATES.joinpath("page.typ").read_bytes(),
        format="pdf",
        font_paths=typst.Fonts(include_system_fonts=False),
        ignore_system_fonts=True,
        pdf_standards=STANDARD,
        timestamp=evaluation.until_ms // 1000,
        sys_inputs={
            "document": unbroken(json.dumps(plain(document))),
            "attachment": attached.decode("ascii"),
            "attachment-name": file_name(statement, is_sealed=envelope is not None),
            **dated,
            "second": str(at.second),
        },
    )


def unbroken(text: str) -> str:
    """Return text in which no line ends between a number and its sign of percent."""
    return _PERCENT.sub("\N{NO-BREAK SPACE}", text)
