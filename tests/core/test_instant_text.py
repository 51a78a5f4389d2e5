"""Instants as text: what one function writes the other reads, in any year that there is."""

from hypothesis import example, given
from hypothesis import strategies as st

from gpusla.instants import INSTANT_MAX_MS, INSTANT_MIN_MS, format_instant, parse_instant


@given(st.integers(INSTANT_MIN_MS, INSTANT_MAX_MS))
@example(INSTANT_MIN_MS)
@example(INSTANT_MAX_MS)
def test_what_is_written_is_read(instant_ms: int) -> None:
    """Years before 1000 have four digits too."""
    assert parse_instant(format_instant(instant_ms)) == instant_ms
