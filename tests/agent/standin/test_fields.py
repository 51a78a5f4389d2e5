"""Field values: which of them a GB300 answers, with what type, and each with a code of its own."""

import pytest

from tests.agent.standin.tray import Tray

DOUBLE, UINT, ULONGLONG, INT = 0, 1, 3, 5
SUCCESS, INVALID, NOT_SUPPORTED, NO_PERMISSION = 0, 2, 3, 4
FIELD_MAX = 310


def ids(*spans: tuple[int, int]) -> set[int]:
    """Ids of these spans, both ends in."""
    return {number for first, last in spans for number in range(first, last + 1)}


ROOT_ONLY = ids((251, 268), (275, 288), (300, 300))
UINTS = ids(
    (1, 2), (82, 82), (90, 91), (94, 95), (142, 145), (164, 167), (170, 183), (185, 190),
    (192, 192), (229, 234), (301, 307),
)  # fmt: skip
ULONGLONGS = ids(
    (3, 6), (11, 12), (22, 23), (74, 76), (83, 83), (138, 141), (191, 191), (197, 198), (201, 204),
    (206, 215), (219, 222), (235, 250), (269, 271), (289, 295), (309, 309),
)  # fmt: skip
INTS = ids((193, 196))
DOUBLES = {308}

# Ids that the project's table of metrics names, without those that Blackwell lost.
METRIC_FIELDS = ids(
    (1, 1), (3, 6), (74, 74), (76, 76), (82, 83), (91, 91), (94, 94), (142, 145), (164, 165),
    (170, 183), (185, 198), (201, 204), (206, 215), (219, 222), (230, 250), (269, 271),
    (289, 295), (301, 309),
)  # fmt: skip


def test_every_field_answers_as_listed(tray: Tray) -> None:
    """All 310 ids in one batch: a value of its type, a refusal, or "not supported"."""
    expected = {
        **dict.fromkeys(UINTS, (SUCCESS, UINT)),
        **dict.fromkeys(ULONGLONGS, (SUCCESS, ULONGLONG)),
        **dict.fromkeys(INTS, (SUCCESS, INT)),
        **dict.fromkeys(DOUBLES, (SUCCESS, DOUBLE)),
        **dict.fromkeys(ROOT_ONLY, (NO_PERMISSION, UINT)),
    }
    values = tray.fields(range(FIELD_MAX))
    assert {
        value.fieldId: (value.nvmlReturn, value.valueType)
        for value in values
        if value.nvmlReturn != NOT_SUPPORTED
    } == expected


def test_every_field_that_the_metrics_rest_on_has_a_value() -> None:
    """The agent reads these."""
    assert not METRIC_FIELDS - UINTS - ULONGLONGS - INTS - DOUBLES - ROOT_ONLY


@pytest.mark.parametrize("gone", [161, 162, 163, 29, 30, 31])
def test_what_blackwell_lost_is_not_zero(tray: Tray, gone: int) -> None:
    """Old NVLink error counts and retired pages: "not supported", which is not a good number."""
    assert tray.fields([gone])[0].nvmlReturn == NOT_SUPPORTED


def test_a_field_that_no_header_knows_is_an_invalid_argument(tray: Tray) -> None:
    """And spoils no other value of its batch."""
    values = tray.fields([FIELD_MAX, 230])
    assert [value.nvmlReturn for value in values] == [INVALID, SUCCESS]


def test_a_value_carries_its_time_and_what_it_took(tray: Tray) -> None:
    """Microseconds since 1970, and never a latency of nothing."""
    first, later = tray.fields([230])[0], tray.fields([230])[0]
    assert first.timestamp > 1_700_000_000_000_000
    assert later.timestamp >= first.timestamp
    assert first.latencyUsec >= 1


def test_root_reads_power_smoothing(tray: Tray) -> None:
    """As zeros: it is off."""
    tray.set("permission", "root")
    values = tray.fields(ROOT_ONLY)
    assert {(value.nvmlReturn, value.value.uiVal) for value in values} == {(SUCCESS, 0)}


def test_a_field_can_be_taken_away(tray: Tray) -> None:
    """An older driver does not know the newest ids."""
    tray.set("field", 308, NOT_SUPPORTED)
    assert [value.nvmlReturn for value in tray.fields([308, 230])] == [NOT_SUPPORTED, SUCCESS]


def test_the_power_of_a_module_is_read_through_both_its_gpus(tray: Tray) -> None:
    """Summing it over GPUs would double it: both show the whole, taken at two moments."""
    both = [tray.fields([(185, 1)], gpu)[0].value.uiVal for gpu in (0, 1)]
    assert both == [488290, 486300]
    tray.set("gpu", 0, "power_watts", 1180.36)
    rise = [tray.fields([(185, 1)], gpu)[0].value.uiVal for gpu in (0, 1)]
    assert rise == [1488290, 1486300]


def test_limits_depend_on_the_scope(tray: Tray) -> None:
    """200 to 1400 W for the GPU, 500 to 2900 W for its module, in milliwatts."""
    assert [value.value.uiVal for value in tray.fields([(187, 0), (188, 0), (190, 0)])] == [
        200_000, 1_400_000, 1_400_000,
    ]  # fmt: skip
    assert [value.value.uiVal for value in tray.fields([(187, 1), (188, 1), (190, 1)])] == [
        500_000, 2_900_000, 2_900_000,
    ]  # fmt: skip
    assert tray.fields([(187, 2)])[0].nvmlReturn == NOT_SUPPORTED


def test_links_are_addressed_by_scope(tray: Tray) -> None:
    """Eighteen of them; the nineteenth is an invalid argument, not a link that is down."""
    tray.set("gpu", 0, "link", 14, "state", 0)
    tray.set("gpu", 0, "link", 14, "recoveries_failed", 505)
    assert [value.value.uiVal for value in tray.fields([(165, 13), (165, 14)])] == [1, 0]
    assert tray.fields([(214, 14)])[0].value.ullVal == 505
    assert tray.fields([(165, 18)])[0].nvmlReturn == INVALID
    assert tray.fields([(164, 13)])[0].value.uiVal == 53125


def test_a_fec_bin_and_a_coded_bit_error_rate_are_found_at_their_ids(tray: Tray) -> None:
    """Bin 15 is field 250; a rate is mantissa and exponent."""
    tray.set("gpu", 0, "link", "*", "fec15", 7)
    tray.set("gpu", 0, "link", 3, "symbol_ber", 0x10C)
    assert [value.value.ullVal for value in tray.fields([(250, 3), (222, 3)])] == [7, 0x10C]


def test_limits_of_heat_are_margins_and_negative(tray: Tray) -> None:
    """Shutdown, slowdown, memory, GPU: read as signed numbers."""
    assert [value.value.siVal for value in tray.fields(range(193, 197))] == [-5, -2, 0, 0]
