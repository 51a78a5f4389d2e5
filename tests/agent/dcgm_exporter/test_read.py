"""What a page may hold and the reader must not believe, and what it must survive."""

import math
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.catalogue.readings import GPU
from gpusla.errors import GpuslaError, SourceError
from gpusla_agent.dcgm_exporter import Generation, Gpu, Limits, Reason, Workload, read_page
from gpusla_agent.dcgm_exporter.fields import BY_NAME, FIELDS, NOT_TAKEN
from tests.agent.dcgm_exporter.lines import OTHER, UUID, sample

REFUSED = [
    ("DEV_POWER_USAGE", "NaN", Reason.NOT_FINITE),
    ("DEV_POWER_USAGE", "+Inf", Reason.NOT_FINITE),
    ("DEV_POWER_USAGE", "9" * 400, Reason.NOT_FINITE),
    ("DEV_POWER_USAGE", "-1", Reason.OUT_OF_RANGE),
    ("DEV_POWER_USAGE", "140737488355330.000000", Reason.BLANK),
    ("DEV_POWER_USAGE", "140737488355400.000000", Reason.OUT_OF_RANGE),
    ("DEV_GPU_UTIL", "4294967295", Reason.OUT_OF_RANGE),
    ("DEV_GPU_UTIL", "101", Reason.OUT_OF_RANGE),
    ("DEV_GPU_UTIL", "2147483632", Reason.BLANK),
    ("DEV_FB_USED", "9223372036854775794", Reason.BLANK),
    ("DEV_FB_USED", "9.223372036854776e+18", Reason.BLANK),
    ("DEV_FB_USED", "1.5", Reason.OUT_OF_RANGE),
    ("DEV_FB_USED_PERCENT", "12.5", Reason.OUT_OF_RANGE),
    ("DEV_ROW_REMAP_FAILURE", "2", Reason.OUT_OF_RANGE),
    ("DEV_MEMORY_TEMP", "0", Reason.BLANK),
]


@pytest.mark.parametrize(("name", "value", "reason"), REFUSED)
def test_a_number_that_is_no_value_is_counted_and_not_given(
    name: str, value: str, reason: Reason
) -> None:
    """Blank, impossible and infinite numbers end as one warning with the family's name."""
    page = read_page(sample(name, value).encode())
    assert page.gpus[0].numbers == {}
    assert [(one.reason, one.name, one.count) for one in page.warnings] == [
        (reason, f"DCGM_FI_{name}", 1)
    ]


TAKEN = [
    ("DEV_GPU_TEMP_LIMIT", "-4", "temperature_margin_celsius", -4),
    ("DEV_NVLINK_COUNT_TX_BYTES", "140737488355400", "nvlink_tx_bytes", 140_737_488_355_400),
    ("DEV_FB_TOTAL", "284208.000000", "memory_total_bytes", 284_208 * 1_048_576),
    ("DEV_CLOCKS_EVENT_REASON_SW_POWER_CAP_NS", "1500000000", "sw_power_cap_seconds", 1.5),
    ("DEV_GET_GPU_RECOVERY_ACTION", "4", "recovery_action", 4),
    ("DEV_GPU_RECOVERY_ACTION", "4", "recovery_action", 4),
    ("DEV_GPU_UTIL", "0", "utilization_ratio", 0),
]


@pytest.mark.parametrize(("name", "value", "reading", "expected"), TAKEN)
def test_a_number_becomes_a_reading_in_base_units(
    name: str, value: str, reading: str, expected: float
) -> None:
    """Margins may be negative, and a counter of bytes may pass what is blank for a double."""
    assert only(sample(name, value)).numbers == {reading: expected}


def test_a_ratio_is_refused_where_nothing_says_that_it_is_none_of_percent() -> None:
    """DCGM 4.6 gives the percentage under the name that means a ratio from 4.7 on."""
    alone = sample("DEV_GPU_UTIL_RATIO", "1")
    assert only(alone).rejected == ("utilization_ratio",)
    sure = alone + sample("DEV_FB_USED_BYTES", "5")
    assert only(sure).numbers["utilization_ratio"] == 1
    percent = sure + sample("DEV_GPU_UTIL_RATIO", "97", UUID=OTHER)
    assert [gpu.rejected for gpu in gpus(percent)] == [("utilization_ratio",)] * 2


def test_the_percentage_wins_over_the_ambiguous_ratio() -> None:
    """It can be read in one way only."""
    both = sample("DEV_GPU_UTIL_RATIO", "1") + sample("DEV_GPU_UTIL", "1")
    gpu = only(both)
    assert (gpu.numbers["utilization_ratio"], gpu.rejected) == (0.01, ())


def test_two_different_values_of_one_reading_are_both_refused() -> None:
    """Nobody says which is right; the same value twice is one reading."""
    first = sample("DEV_GPU_TEMP", "40", pod="a", namespace="n", container="c")
    again = sample("DEV_GPU_TEMP", "40", pod="b", namespace="n", container="c")
    shared = only(first + again)
    assert shared.numbers == {"temperature_celsius": 40}
    assert shared.workloads == (Workload("a", "n", "c"), Workload("b", "n", "c"))
    torn = only(first + sample("DEV_GPU_TEMP", "41", pod="b"))
    assert (torn.numbers, torn.rejected) == ({}, ("temperature_celsius",))


def test_a_mixed_page_is_read_by_name() -> None:
    """A list of fields of one's own may hold both; the finer of two is taken."""
    page = read_page(
        (
            sample("DEV_FB_USED", "3")
            + sample("DEV_FB_USED_BYTES", "3145999")
            + sample("DEV_TOTAL_ENERGY_CONSUMPTION", "1500")
            + sample("DEV_GPU_ENERGY_JOULES_TOTAL", "1")
        ).encode()
    )
    assert page.generation is Generation.MIXED
    assert page.gpus[0].numbers == {"memory_used_bytes": 3_145_999, "energy_joules": 1.5}


def test_the_last_xid_is_words_and_nothing_else() -> None:
    """It never becomes a reading; 0 and blank stand for none."""
    gpu = only(sample("DEV_XID_ERRORS", "79", err_code="79", err_msg="off the bus"))
    assert (gpu.last_xid, gpu.numbers) == ("79 (off the bus)", {})
    assert only(sample("DEV_XID_ERRORS", "0")).last_xid == ""
    assert only(sample("DEV_XID_ERRORS", "9223372036854775794")).last_xid == ""


def test_the_old_namespace_is_read_too() -> None:
    """Label `uuid`, and the pod under its longer names."""
    line = f'DCGM_FI_DEV_GPU_TEMP{{gpu="3", uuid="{UUID}", pod_name="p", pod_namespace="n"}} 30\n'
    gpu = only(line)
    assert (gpu.uuid, gpu.index, gpu.workloads) == (UUID, 3, (Workload("p", "n", ""),))


def test_what_is_about_no_gpu_is_counted() -> None:
    """A line without a UUID, one of a link, and a family that nobody knows."""
    page = read_page(
        (
            'DCGM_FI_DEV_GPU_TEMP{gpu="0"} 30\n'
            'DCGM_FI_DEV_GPU_TEMP{gpu="0",UUID="\\n"} 30\n'
            f'DCGM_FI_DEV_NVLINK_COUNT_TX_BYTES{{nvlink="0",gpu_uuid="{UUID}"}} 30\n'
            "go_goroutines 7\n"
            "what is this\n"
        ).encode()
    )
    assert page.gpus == ()
    assert {(one.reason, one.count) for one in page.warnings} == {
        (Reason.NO_GPU, 2),
        (Reason.LINK_SERIES, 1),
        (Reason.UNKNOWN_FAMILY, 1),
        (Reason.UNREADABLE_LINE, 1),
    }


def test_digits_of_other_scripts_are_no_number() -> None:
    """Python would read them."""
    page = read_page((sample("DEV_GPU_TEMP", "40") + sample("DEV_GPU_TEMP", "٤١")).encode())
    assert page.gpus[0].numbers == {"temperature_celsius": 40}


BAD_PAGES = [
    (b"", Limits(), "the page is empty"),
    (b"<html>\n<body>\n", Limits(), "no line of the page is in Prometheus' text format"),
    (b"x" * 11, Limits(size_bytes_max=10), "the page has more than the 10 bytes that are read"),
    (b"a 1\na 1\n", Limits(samples_max=1), "the page has more than the 1 samples that are read"),
    (b"a 1\na 1\n", Limits(seconds_max=0.5), "the page was not read within 0.5 seconds"),
]


@pytest.mark.parametrize(("text", "limits", "sentence"), BAD_PAGES)
def test_a_page_that_cannot_be_read_is_refused(text: bytes, limits: Limits, sentence: str) -> None:
    """One sentence each; nothing of such a page is given."""
    ticks: Iterator[int] = iter(range(100))
    with pytest.raises(SourceError) as refused:
        read_page(text, limits, lambda: float(next(ticks)))
    assert refused.value.message == sentence


def test_a_long_line_costs_itself_alone() -> None:
    """The others are read."""
    long = sample("DEV_GPU_UTIL", "1", pod="p" * 20_000)
    assert only(long + sample("DEV_GPU_TEMP", "40")).numbers == {"temperature_celsius": 40}


def test_no_name_stands_for_two_fields() -> None:
    """A name tells the unit, and a reading has the catalogue's name where the catalogue has it."""
    names = [name for field in FIELDS for name in field.names]
    assert len(names) == len(set(names)) == len(BY_NAME)
    assert not set(NOT_TAKEN) & set(BY_NAME)
    beyond = {field.reading for field in FIELDS} - set(GPU)
    assert beyond == {
        "memory_used_ratio",
        "encoder_utilization_ratio",
        "decoder_utilization_ratio",
    }


def test_no_bit_error_rate_is_a_reading() -> None:
    """The page has six decimals, so each would read 0."""
    assert not [name for name in BY_NAME if "_BER" in name]
    assert not [field.reading for field in FIELDS if "ber_" in field.reading]


WORDS = st.sampled_from(
    [*sorted(BY_NAME)[:30], "DCGM_FI_DEV_XID_ERRORS", "DCGM_FI_DEV_GPU_UTIL_RATIO", "x"]
)
VALUES = st.one_of(
    st.floats().map(repr),
    st.integers(-(2**70), 2**70).map(str),
    st.sampled_from(["9223372036854775794", "140737488355328.000000", "-1", "NaN", "+Inf", ""]),
    st.text(max_size=8),
)
LINES = st.one_of(
    st.builds(sample, WORDS.map(lambda name: name.removeprefix("DCGM_FI_")), VALUES),
    st.text(max_size=60),
    st.sampled_from(["# HELP", "# TYPE a counter", '{"a"="b', 'a{ ="x"} 1', "a{b=}", "\x00"]),
)


@given(st.lists(LINES, max_size=8).map("\n".join))
def test_whatever_a_page_holds_is_refused_or_true(text: str) -> None:
    """No exception but ours, and no number that cannot be."""
    try:
        page = read_page(text.encode("utf-8", "surrogatepass"))
    except GpuslaError:
        return
    for gpu in page.gpus:
        for name, value in gpu.numbers.items():
            assert math.isfinite(value)
            assert value >= 0 or "margin" in name
            assert value <= 1 or not name.endswith("_ratio")


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(text: bytes) -> None:
    """A peer may send anything."""
    with suppress(GpuslaError):
        assert read_page(text).generation in Generation


def gpus(text: str) -> tuple[Gpu, ...]:
    """Return the GPUs of a page."""
    return read_page(text.encode()).gpus


def only(text: str) -> Gpu:
    """Return the only GPU of a page."""
    (gpu,) = gpus(text)
    return gpu
