"""What an Xid means, in words."""

import pytest

from gpusla.catalogue.actions import Action
from gpusla.catalogue.nvlink5 import DECODES
from gpusla.catalogue.xids import XIDS
from gpusla.health.explain import explain_xid


@pytest.mark.parametrize("number", [*XIDS, 0, 177, 99_999])
def test_every_number_has_a_page(number: int) -> None:
    """That names it, says what to do, and says it in words that were all filled in."""
    page = explain_xid(number)
    row = XIDS.get(number)
    assert page.startswith(f"Xid {number}{f' {row.mnemonic}' if row else ''}: ")
    assert any(f"To do: {action}." in page for action in Action)
    assert "None" not in page
    if row is not None:
        assert row.meaning in page


@pytest.mark.parametrize("number", range(144, 151))
def test_register_words_are_explained_row_by_row(number: int) -> None:
    """As many as the sheet has, with both layouts."""
    page = explain_xid(number)
    rows = [row for row in DECODES if row.xid == number]
    assert page.count(" | 0x") == len(rows)
    for row in rows:
        assert f"{row.layouts[1].bits.mask:#010x} {row.layouts[1].bits.value:#010x}" in page


def test_what_the_rows_come_to_stands_before_them() -> None:
    """Somebody who is paged reads a count, not a table of masks."""
    page = explain_xid(149)
    short = "Of 31 rows ask\n  24 for a reset of the GPU, 6 for a look, 1 for nothing."
    assert page.index(short) < page.index(" | 0x")


def test_kinds_that_agree_are_named_together() -> None:
    """74 is nothing on Blackwell and something on Hopper."""
    page = explain_xid(74)
    assert "On gb300, gb200, b200: role information" in page
    assert "On h100: role unknown" in page


def test_a_number_that_nobody_knows_says_so() -> None:
    """And asks for support."""
    page = explain_xid(999)
    assert "It is not in the catalogue that this program knows." in page
    assert "To do: contact_support." in page
