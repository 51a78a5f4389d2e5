"""
The statement that is attached to a PDF; of the pages nothing can be said.

Only one arrangement is read: exactly one attachment, whose stream is plain or deflated and lies in
the open.  Anything that could hide a second one is refused.  Source: ISO 32000-1, 7.11.4.
"""

import re
import zlib

from gpusla.verify.faults import Broken, need

ATTACHED_BYTES_MAX = 256 << 20
_EMBEDDED = re.compile(rb"/EF\s*<<([^<>]*)>>")
_REFERENCE = re.compile(rb"/(?:F|UF)\s+(\d+)\s+0\s+R\b")
_STREAM = re.compile(rb"\s*<<(.{0,2000}?)>>\s*stream\r?\n", re.DOTALL)
_LENGTH = re.compile(rb"/Length\s+(\d+)(\s+0\s+R\b)?")
_FLATE = re.compile(rb"/Filter\s*(\[\s*/FlateDecode\s*\]|/FlateDecode)\s*(?=/|$)")


def attached(pdf: bytes) -> bytes:
    """Return the attached file's bytes; Broken(attachment) if it is in doubt which those are."""
    numbers = set(_REFERENCE.findall(b" ".join(_EMBEDDED.findall(pdf))))
    _require(len(numbers) == 1, f"it has {len(numbers)} attached files, and not one")
    is_open = not re.search(rb"/Encrypt\b|/ObjStm\b", pdf)
    _require(is_open, "its objects are packed or encrypted, so that a second one could hide")
    begin = _STREAM.match(pdf, _object(pdf, numbers.pop()))
    length = _LENGTH.search(begin[1]) if begin else None
    if begin is None or length is None:
        raise Broken("attachment", "the PDF's attached file is no stream with a length")
    number = length[1]
    if length[2]:
        number = pdf[_object(pdf, number) :][:20].split()[0]
    _require(number.isdigit(), "its attached file has a length that is no number")
    end = begin.end() + int(number)
    is_end = re.match(rb"\s*endstream\b", pdf[end : end + 20])
    _require(is_end, "its attached file does not end where it says")
    is_plain = b"/Filter" not in begin[1]
    _require(is_plain or _FLATE.search(begin[1]), "its attached file is packed in another way")
    return pdf[begin.end() : end] if is_plain else _inflated(pdf[begin.end() : end])


def _inflated(packed: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        found = inflater.decompress(packed, ATTACHED_BYTES_MAX)
    except zlib.error as cause:
        raise Broken("attachment", "the PDF's attached file cannot be unpacked") from cause
    is_whole = inflater.eof and not inflater.unused_data
    _require(is_whole, "its attached file does not end where its packed bytes do")
    return found


def _object(pdf: bytes, number: bytes) -> int:
    """Return where an object's content begins; one that stands twice is two statements."""
    places = [found.end() for found in re.finditer(rb"(?<![0-9])%b 0 obj\b" % number, pdf)]
    _require(len(places) == 1, f"object {int(number)} stands {len(places)} times in it")
    return places[0]


def _require(is_so: object, words: str) -> None:
    need(is_so, "attachment", f"the PDF's attachment cannot be read without doubt: {words}")
