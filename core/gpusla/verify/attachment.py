"""
The statement that is attached to a PDF; of the pages nothing can be said.

Only one arrangement is read: exactly one attachment, whose stream is plain or deflated and lies in
the open.  Anything that could hide a second one is refused.  Source: ISO 32000-1, 7.11.4.
"""

import re
import zlib

from gpusla.verify.faults import Broken, need, told

ATTACHED_BYTES_MAX, _WHERE = 256 << 20, "the PDF's attached file"
_EMBEDDED = re.compile(rb"/EF\s*<<([^<>]*)>>")
_REFERENCE = re.compile(rb"/(?:F|UF)\s+(\d+)\s+0\s+R\b")
_STREAM = re.compile(rb"\s*<<(.{0,2000}?)>>\s*stream\r?\n", re.DOTALL)
_LENGTH = re.compile(rb"/Length\s+(\d{1,10})\b(\s+0\s+R\b)?")
_NUMBER = re.compile(rb"\s*(\d{1,10})\b")
_FLATE = re.compile(rb"/Filter\s*(\[\s*/FlateDecode\s*\]|/FlateDecode)\s*(?=/|$)")


def attached(pdf: bytes) -> bytes:
    """Return the attached file's bytes; Broken(attachment) if it is in doubt which those are."""
    numbers = set(_REFERENCE.findall(b" ".join(_EMBEDDED.findall(pdf))))
    need(len(numbers) == 1, "attachment", f"the PDF has {len(numbers)} attached files, and not one")
    is_open = not re.search(rb"/Encrypt\b|/ObjStm\b", pdf)
    need(is_open, "attachment", "the PDF has packed or encrypted objects: a second one could hide")
    begin = _STREAM.match(pdf, _object(pdf, numbers.pop()))
    length = _LENGTH.search(begin[1]) if begin else None
    if length and length[2]:
        length = _NUMBER.match(pdf, _object(pdf, length[1]))
    if begin is None or length is None:
        raise Broken("attachment", f"{_WHERE} is no stream with a length")
    end = begin.end() + int(length[1])
    is_end = re.match(rb"\s*endstream\b", pdf[end : end + 20])
    need(is_end, "attachment", f"{_WHERE} does not end where it says")
    is_plain = b"/Filter" not in begin[1]
    need(is_plain or _FLATE.search(begin[1]), "attachment", f"{_WHERE} is packed in another way")
    return pdf[begin.end() : end] if is_plain else _inflated(pdf[begin.end() : end])


def _inflated(packed: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        found = inflater.decompress(packed, ATTACHED_BYTES_MAX)
    except zlib.error as cause:
        raise Broken("attachment", f"{_WHERE} cannot be unpacked") from cause
    is_whole = inflater.eof and not inflater.unused_data
    need(is_whole, "attachment", f"{_WHERE} does not end where its packed bytes do")
    return found


def _object(pdf: bytes, number: bytes) -> int:
    """Return where an object's content begins; one that stands twice is two statements."""
    places = [found.end() for found in re.finditer(rb"(?<![0-9])%b 0 obj\b" % number, pdf)]
    need(len(places) == 1, "attachment", f"object {told(number.decode())} is there {len(places)}x")
    return places[0]
