"""A document as one HTML page that needs nothing else: no script, no font, no address."""

import base64
from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from gpusla.statement.render.document import Document, Picture, plain
from gpusla.statement.render.grounds import SEALED_NAME

TEMPLATES = files("gpusla.statement.render").joinpath("templates")


def to_html(document: Document, envelope: bytes | None = None) -> bytes:
    """
    Return the page in UTF-8; whatever a contract or a journal says is escaped.

    envelope: the statement's signed envelope, which the page holds as a file to save.
    """
    template = _environment().get_template("page.html.j2")
    page = template.render(
        document=plain(document),
        # The style sheet and the drawings are ours, and hold nothing that was not escaped.
        style=Markup(TEMPLATES.joinpath("page.css").read_text("utf-8")),  # noqa: S704
        envelope=None if envelope is None else base64.b64encode(envelope).decode("ascii"),
        envelope_name=SEALED_NAME,
        drawings={svg: Markup(svg) for svg in _drawings(document)},  # noqa: S704
    )
    return page.encode("utf-8")


def _environment() -> Environment:
    source = TEMPLATES.joinpath("page.html.j2").read_text("utf-8")
    return Environment(
        loader=DictLoader({"page.html.j2": source}),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )


def _drawings(document: Document) -> list[str]:
    blocks = (block for section in document.sections for block in section.blocks)
    return [block.svg for block in blocks if isinstance(block, Picture)]
