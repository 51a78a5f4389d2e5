"""What somebody can do to the statement that is attached to a PDF."""

import json
import re
import zlib
from random import Random

from gpusla.evidence.envelope import canonical
from tests.core.verify.maker import OPERATOR, STRANGER, pdf, public, sealed, statement_bytes
from tests.mutations.attempts import Attempt, one_bit

ENVELOPE = frozenset({"attachment", "format", "signature", "key"})


def stream(whole: bytes) -> tuple[int, int]:
    """Return where the attachment's packed bytes begin and end."""
    found = re.search(rb"/Length (\d+)/Type/EmbeddedFile[^\n]*\nstream\n", whole)
    assert found is not None
    return found.end(), found.end() + int(found[1])


def flip_in_the_attachment(chance: Random) -> bytes | None:
    """Change one bit of the attachment's packed bytes; the pages stay as they are."""
    whole = pdf(sealed())
    start, end = stream(whole)
    packed = one_bit(chance, whole[start:end])
    return None if unpacked(packed) == sealed() else whole[:start] + packed + whole[end:]


def unpacked(content: bytes) -> bytes | None:
    """Return what a reader gets, None if nothing."""
    try:
        return zlib.decompress(content)
    except zlib.error:
        return None


def with_attachment(attachment: bytes, *, is_plain: bool, is_indirect: bool) -> bytes:
    """Return the PDF with another attachment, packed or not, its length in the stream or apart."""
    whole = pdf(sealed())
    start, end = stream(whole)
    head = whole.rindex(b"<<", 0, whole.rindex(b"/EmbeddedFile", 0, start))
    content = attachment if is_plain else zlib.compress(attachment)
    length = b"9000 0 R" if is_indirect else b"%d" % len(content)
    packing = b"" if is_plain else b"/Filter/FlateDecode"
    told = b"<</Length %b/Type/EmbeddedFile%b>>\nstream\n" % (length, packing)
    other = b"9000 0 obj\n%d\nendobj\n" % len(content) if is_indirect else b""
    return whole[:head] + told + content + whole[end:] + other


def anyhow(chance: Random, attachment: bytes) -> bytes:
    """Return the PDF with another attachment, in one of the ways in which there may be one."""
    ways = [chance.random() < 0.5, chance.random() < 0.5]
    return with_attachment(attachment, is_plain=ways[0], is_indirect=ways[1])


def edit_the_payload(chance: Random) -> bytes:
    """Change the statement in the envelope, and keep its signature."""
    payload = one_bit(chance, statement_bytes())
    fresh = json.loads(sealed(payload, STRANGER))
    return anyhow(chance, canonical(json.loads(sealed()) | {"payload": fresh["payload"]}) + b"\n")


def flip_in_the_envelope(chance: Random) -> bytes:
    """Change one bit of the envelope, and pack it rightly."""
    return anyhow(chance, one_bit(chance, sealed()))


def sign_as_a_stranger(chance: Random) -> bytes:
    """Sign it with another key."""
    return anyhow(chance, sealed(private=STRANGER))


def take_the_envelope_off(chance: Random) -> bytes:
    """Attach the bare statement, which nobody signed."""
    return anyhow(chance, statement_bytes())


def attach_a_second(chance: Random) -> bytes:
    """Attach a second file, so that a viewer may show another one than is signed."""
    extra = b"8000 0 obj\n<</Type/Filespec/F(statement.json)/EF<</F 8001 0 R>>>>\nendobj\n"
    again = re.search(rb"/EF<</F (\d+) 0 R", pdf(sealed()))
    assert again is not None
    twice = b"%b 0 obj\n<</Length 2>>\nstream\n{}\nendstream\nendobj\n" % again[1]
    hidden = b"8002 0 obj\n<</Type/ObjStm/Length 2>>\nstream\n{}\nendstream\nendobj\n"
    return pdf(sealed()) + chance.choice([extra, twice, hidden]) + b"%%%d\n" % chance.randrange(999)


def cut(chance: Random) -> bytes:
    """Cut the file within its attachment."""
    start, end = stream(pdf(sealed()))
    return pdf(sealed())[: chance.randrange(start, end)]


ATTEMPTS = (
    Attempt("PDF: a bit of the attachment", flip_in_the_attachment, ENVELOPE),
    Attempt("PDF: a bit of the envelope", flip_in_the_envelope, ENVELOPE),
    Attempt("PDF: the payload edited", edit_the_payload, frozenset({"signature"})),
    Attempt("PDF: signed by a stranger", sign_as_a_stranger, frozenset({"key"})),
    Attempt("PDF: not signed", take_the_envelope_off, frozenset({"signature"})),
    Attempt("PDF: a second attachment", attach_a_second, frozenset({"attachment"})),
    Attempt("PDF: cut", cut, frozenset({"attachment"})),
)
KEY = public(OPERATOR)
