"""
Which row of the NVLink 5 sheet a kernel log line's register words belong to.

The layout of the first word goes by the driver's version; where that is not known both are tried,
and those that know the word must say the same.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gpusla.catalogue.nvlink5 import DECODES, LAYOUT_CHANGED_IN, Decode, DecodeRow
from gpusla.readings import XidDetail

_BRANCH = re.compile(r"\s*([0-9]{1,6})(?:[. ]|$)")
_ORDER = tuple(Decode)
_ROWS: dict[int, tuple[DecodeRow, ...]] = {
    xid: tuple(row for row in DECODES if row.xid == xid) for xid in {row.xid for row in DECODES}
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A row, the unit by its name in the layout that fitted, and what is to be done."""

    row: DecodeRow
    unit: str
    decode: Decode

    @property
    def severity(self) -> str:
        """The sheet's word; a row whose stricter bits are set asks for a reset, so it is fatal."""
        return "fatal" if self.decode is self.row.stricter else self.row.severity


def decode(xid: int, detail: XidDetail, driver_version: str | None) -> Decoded | None:
    """
    Return the row that the words of a line belong to, the strictest if there are several.

    None if there are no words, no row has them, or the layout is not known and rows disagree.
    """
    if detail.intrinfo is None:
        return None
    found = [
        strictest
        for layout in _layouts(driver_version)
        if (strictest := _strictest(xid, layout, detail.intrinfo, detail.error_status))
    ]
    if len({(one.decode, one.row.investigatory, one.severity) for one in found}) != 1:
        return None
    return found[0]


def driver_branch(version: str | None) -> int | None:
    """Return the first number of a driver's version, None if it has none."""
    match = _BRANCH.match(version) if version is not None else None
    return int(match[1]) if match else None


def _layouts(driver_version: str | None) -> tuple[int, ...]:
    branch = driver_branch(driver_version)
    if branch is None:
        return (0, 1)
    return (0,) if branch < LAYOUT_CHANGED_IN else (1,)


def _strictest(xid: int, layout: int, word: int, status: int | None) -> Decoded | None:
    found = list(_fitting(xid, layout, word, status))
    return max(found, key=lambda one: _ORDER.index(one.decode), default=None)


def _fitting(xid: int, layout: int, word: int, status: int | None) -> Iterator[Decoded]:
    for row in _ROWS.get(xid, ()):
        if row.error_statuses and status not in row.error_statuses:
            continue
        side = row.layouts[layout]
        if row.stricter is not None and side.stricter is not None and side.stricter.fit(word):
            yield Decoded(row, side.unit, row.stricter)
        elif side.bits.fit(word):
            yield Decoded(row, side.unit, row.decode)
