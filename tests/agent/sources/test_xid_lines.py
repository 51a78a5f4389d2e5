"""
Lines of the driver in the kernel's log, transcribed from public threads with addresses changed.

Sources: gpud 1160 and 1174, NVSentinel 516, 545 and 1748, open-gpu-kernel-modules 461, 1150 and
1355, TensorRT-LLM 4816, and the open driver's format of Xid 154.
"""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.readings import XidDetail
from gpusla_agent.sources.xid_lines import normal_address, parse_xid_line

NETIR = "NETIR_LINK_EVT Fatal XC0 i0 Link 08 (0x004505c6 0x00000000 0x00000000 0x00000000)"
RLW = "RLW_RXPIPE Nonfatal XC0 i0 Link 13 (0x0409a0c2 0x00000008 0x00000001 0x00000000)"
NO_LINK = "NETIR Fatal XC0 i0 Link -1 (0x000fe406 0x00000000 0x00000000 0x00000000)"
NO_WORDS = "RLW_REMAP Non-fatal XC0 i0 Link 02"
DRAIN = "GPU recovery action changed from 0x0 (None) to 0x4 (Drain and Reset)"
OFF_BUS = "GPU has fallen off the bus."
WARP = "Graphics SM Warp Exception on (GPC 7, TPC 7, SM 0): Illegal Instruction Parameter"
CAUSED = "Ch 00000001 caused by previous Xid 149"
OLD_LINK = "NVLink: fatal error detected on link 14(0x100000, 0x0, 0x0, 0x0)"

LINES = [
    (
        "PCI:0018:01:00",
        149,
        NETIR,
        XidDetail("NETIR_LINK_EVT", "fatal", 8, 0x4505C6, 0, text=NETIR),
    ),
    ("PCI:0018:01:00", 145, RLW, XidDetail("RLW_RXPIPE", "non-fatal", 13, 0x409A0C2, 8, text=RLW)),
    ("PCI:0019:01:00", 149, NO_LINK, XidDetail("NETIR", "fatal", None, 0xFE406, 0, text=NO_LINK)),
    ("PCI:0000:5f:00", 145, NO_WORDS, XidDetail("RLW_REMAP", "non-fatal", 2, text=NO_WORDS)),
    ("PCI:0008:01:00", 154, DRAIN, XidDetail(recovery_action=4, text=DRAIN)),
    ("PCI:0000:3b:00", 79, f"pid=1234, name=python, {OFF_BUS}", XidDetail(text=OFF_BUS)),
    ("PCI:0000:3b:00", 79, OFF_BUS, XidDetail(text=OFF_BUS)),
    ("PCI:0000:cb:00", 13, f"pid='<unknown>', name=<unknown>, {WARP}", XidDetail(text=WARP)),
    ("PCI:0000:dc:00", 45, f"pid=18, name=pt, {CAUSED}", XidDetail(caused_by=149, text=CAUSED)),
    ("PCI:0000:D8:00", 74, OLD_LINK, XidDetail("", "fatal", 14, text=OLD_LINK)),
    ("PCI:0000:01:00 GPU-I:05", 31, "MMU Fault: x", XidDetail(text="MMU Fault: x")),
    ("0000:03:00", 62, "2f2b(2e24) 00000000", XidDetail(text="2f2b(2e24) 00000000")),
]


@pytest.mark.parametrize(("place", "xid", "rest", "detail"), LINES)
def test_every_known_shape_is_read(place: str, xid: int, rest: str, detail: XidDetail) -> None:
    """Address, number, unit, severity, link, words, cause and action are what the line prints."""
    found = parse_xid_line(f"NVRM: Xid ({place}): {xid}, {rest}")
    assert found is not None
    address = place.removeprefix("PCI:").split(" ")[0].lower()
    assert (found.address, found.xid, found.detail) == (address, xid, detail)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "NVRM: loading NVIDIA UNIX Open Kernel Module for aarch64",
        "NVRM: GPU 0000:09:00.0: RmInitAdapter failed! (0x22:0x56:894)",
        "NVRM: Xid (PCI:0000:66:00): abc, pid=1",
        "NVRM: Xid (PCI:66:00): 79, GPU has fallen off the bus.",
        "overlayfs: unknown option 'NVRM: Xid (PCI:0000:3b:00): 79, x'",
    ],
)
def test_what_is_not_an_xid_line_is_none(line: str) -> None:
    """An Xid inside somebody else's text is that text's business."""
    assert parse_xid_line(line) is None


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("00000018:01:00.0", "0018:01:00"),
        ("0018:01:00", "0018:01:00"),
        ("0000:3B:00.0", "0000:3b:00"),
        ("00010000:3b:00", "10000:3b:00"),
        ("", None),
        ("3b:00.0", None),
    ],
)
def test_all_spellings_of_an_address_are_one(written: str, normal: str | None) -> None:
    """Function, case and the width of the domain do not matter; the domain itself does."""
    assert normal_address(written) == normal


def test_the_words_belong_to_nvlink_5_alone() -> None:
    """Words in brackets of another Xid mean something else."""
    found = parse_xid_line("NVRM: Xid (PCI:0000:3b:00): 140, x Fatal (0x004505c6 0x00000001)")
    assert found is not None
    assert (found.detail.intrinfo, found.detail.error_status) == (None, None)


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=15)


@given(NAMES, st.integers(0, 1 << 22), st.sampled_from([OFF_BUS, CAUSED, RLW]))
def test_no_line_carries_a_program_or_a_process(name: str, pid: int, rest: str) -> None:
    """Whatever a program is called: the text is the end of what stands behind its name."""
    found = parse_xid_line(f"NVRM: Xid (PCI:0000:3b:00): 145, pid={pid}, name={name}, {rest}")
    assert found is not None
    assert rest.endswith(found.detail.text)


def test_a_name_that_looks_like_a_line_is_cut_out_too() -> None:
    """Names are the tenant's; this one holds what ends a name."""
    for name in ("secret, Fatal", "a, name=secret", "pid=7, secret", "secret"):
        found = parse_xid_line(f"NVRM: Xid (PCI:0000:3b:00): 79, pid=1, name={name}, {OFF_BUS}")
        assert found is not None
        assert (found.detail.text, found.detail.severity) == (OFF_BUS, ""), name


PARTS = st.sampled_from(
    [
        "NVRM: Xid (PCI:0000:3b:00): 149, ",
        "A_B Fatal ",
        "name=",
        "pid=",
        "non-",
        "Link -",
        "(0x0",
        "changed from 0x0 (",
        ") to 0x",
        "caused by previous Xid ",
        ", ",
        "999999999999",
    ]
)


@given(st.one_of(st.text(max_size=200), st.lists(PARTS | st.text(max_size=3)).map("".join)))
def test_any_text_is_read_or_refused(line: str) -> None:
    """Nothing raises, and what is read is printable and short."""
    for text in (line, "NVRM: Xid (PCI:0000:3b:00): 149, " + line):
        found = parse_xid_line(text)
        if found is not None:
            assert found.detail.text.isascii()
            assert len(found.detail.text) <= 200


@pytest.mark.parametrize(
    "part", ["A", "A_ ", "name=", "pid=1", "(0x1 ", "non", "changed from 0x0 (", " "]
)
def test_the_time_is_bounded_on_the_longest_record(part: str) -> None:
    """A record has at most 8 KiB; no text of that length takes more than milliseconds."""
    line = ("NVRM: Xid (PCI:0000:3b:00): 149, " + part * 8_192)[:8_192]
    started = time.perf_counter()
    for _ in range(10):
        parse_xid_line(line)
    assert time.perf_counter() - started < 0.2
