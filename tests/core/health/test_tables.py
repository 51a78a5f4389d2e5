"""Both tables of NVIDIA's catalogue: carried in whole, and every row through the rules."""

import hashlib
from collections import Counter
from pathlib import Path

import pytest

from gpusla.catalogue.nvlink5 import DECODED_XIDS, DECODES, Bits, DecodeRow
from gpusla.catalogue.xids import ARCHITECTURES, XIDS, XidRow
from gpusla.health import grade
from gpusla.identity import GpuUuid
from gpusla.readings import XidDetail, XidEvent

HERE = Path(__file__).parent
BEFORE, SINCE = "570.158.01", "580.173.02"
NOISE = 0xFFFF_FFFF


def lines_of(name: str) -> list[str]:
    """Return the cases of a table of expected outcomes."""
    lines = (HERE / name).read_text("ascii").splitlines()
    return [line for line in lines if not line.startswith("#")]


def outcome(event: XidEvent, driver: str, sku: str) -> str:
    """Return a grade as the tables write it."""
    graded = grade(event, driver, sku)
    who = graded.evidence.partition(":")[0]
    return f"{graded.role} {graded.effect.value} {graded.action}, {who}"


# --- what is carried in ---------------------------------------------------------------------------


def digest(lines: list[str]) -> str:
    """Return the SHA-256 of a table's cells."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def cells(row: XidRow) -> str:
    """Return a row of the catalogue as the spreadsheet's cells, with a bar between two."""
    known = row.architectures
    columns = "?" if known is None else "".join(a[0] for a in ARCHITECTURES if a in known)
    said = (row.number, row.mnemonic, row.meaning, row.immediate.value, row.investigatory)
    ours = (columns, row.recovery_action_since, row.scope.value, row.capacity.lower())
    return "|".join(str(cell) for cell in (*said, *ours))


def hexadecimal(bits: Bits | None) -> list[str]:
    """Return mask and value as cells."""
    return ["", ""] if bits is None else [f"{bits.mask:08x}", f"{bits.value:08x}"]


def decode_cells(row: DecodeRow) -> str:
    """Return a row of the sheet as its cells."""
    before, since = row.layouts
    return "|".join(
        [
            *(str(row.xid), before.unit, since.unit),
            *hexadecimal(before.bits),
            *hexadecimal(since.bits),
            "/".join(f"{status:08x}" for status in row.error_statuses),
            row.decode,
            *hexadecimal(before.stricter),
            *hexadecimal(since.stricter),
            row.stricter or "",
            *(row.investigatory, row.severity, row.domain, row.local_effect, row.remote_effect),
        ]
    )


def test_the_catalogue_is_carried_in_whole() -> None:
    """The digest is of the spreadsheet's cells as they were read, not of ours."""
    assert list(XIDS) == list(range(1, 177))
    assert digest([cells(row) for row in XIDS.values()]) == (
        "067c2ff79363461b8d0fb237ee4c38c35c08b8028eb1ce68ef8ad808a776bd89"
    )
    assert Counter(row.immediate.value for row in XIDS.values()).most_common(4) == [
        ("CONTACT_SUPPORT", 62),
        ("RESTART_APP", 48),
        ("IGNORE", 21),
        ("", 15),
    ]


def test_the_sheet_of_nvlink_5_is_carried_in_whole() -> None:
    """All 95 rows in their order."""
    assert len(DECODES) == 95
    assert digest([decode_cells(row) for row in DECODES]) == (
        "f1fbaecd9f6073ee33e486cedb10161f028d15aac042e116268ae039ed070b3c"
    )
    assert frozenset(range(144, 151)) == DECODED_XIDS


# --- every row through the rules ------------------------------------------------------------------


@pytest.mark.parametrize("line", lines_of("xids.txt"))
def test_a_number_alone_means_what_the_table_says(line: str) -> None:
    """Role, effect, action and source, by kind of GPU."""
    case, _, expected = line.partition(" -> ")
    number, kind = case.split()
    assert outcome(XidEvent(GpuUuid("GPU-1"), int(number), 0), SINCE, kind) == expected


def test_the_table_of_numbers_has_every_number_twice() -> None:
    """Once for each kind of GPU."""
    seen = Counter(int(line.split()[0]) for line in lines_of("xids.txt"))
    assert seen == dict.fromkeys(XIDS, 2)


@pytest.mark.parametrize("driver", [BEFORE, SINCE])
@pytest.mark.parametrize("line", lines_of("nvlink5.txt"))
def test_register_words_mean_what_the_table_says(line: str, driver: str) -> None:
    """In both layouts, and whatever stands in the bits that a row does not ask for."""
    case, _, expected = line.partition(" -> ")
    xid, before, since, status = (int(word, 0) for word in case.split())
    word = before if driver == BEFORE else since
    asked = 0x03F0_07FF if driver == BEFORE else 0x03F0_00FF
    for first in (word, word | NOISE & ~asked):
        detail = XidDetail(intrinfo=first, error_status=status)
        event = XidEvent(GpuUuid("GPU-1"), xid, 0, detail=detail)
        assert outcome(event, driver, "gb300") == expected


def test_the_table_of_register_words_has_every_row() -> None:
    """95, and the stricter bits of three."""
    lines = lines_of("nvlink5.txt")
    assert len(lines) == 98
    rows = [(row.xid, row.layouts[0].bits.value, row.layouts[1].bits.value) for row in DECODES]
    read = [tuple(int(word, 0) for word in line.split()[:3]) for line in lines[:95]]
    assert read == rows
