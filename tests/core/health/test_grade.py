"""Who is asked about an Xid, in which order, and what nobody can make less of."""

from itertools import product

import pytest

from gpusla.catalogue.nvlink5 import DECODES
from gpusla.health import Grade, Role, grade
from gpusla.identity import GpuUuid
from gpusla.readings import XidDetail, XidEvent

DRIVER = "580.173.02"
LINK_DOWN = XidDetail(unit="NETIR_LINK_EVT", link=8, intrinfo=0x0020_0011, error_status=0)
TIMED_OUT = XidDetail(unit="RLW_SRC_TRACK", intrinfo=0x0408_2907, error_status=0x8)
UNMATCHED = XidDetail(unit="NETIR_FOO", link=8, intrinfo=0x0000_007E, error_status=0x77)


def graded(
    xid: int,
    detail: XidDetail | None = None,
    asked: int | None = None,
    driver: str | None = DRIVER,
    sku: str = "gb300",
) -> Grade:
    """Return the grade of an event by itself."""
    return grade(XidEvent(GpuUuid("GPU-1"), xid, 0, detail=detail), driver, sku, asked)


def short(one: Grade) -> str:
    """Return role, effect and action on one line."""
    return f"{one.role} {one.effect.value} {one.action}"


def with_print(detail: XidDetail, severity: str) -> XidDetail:
    """Return what the line says, with a printed severity."""
    return XidDetail(detail.unit, severity, detail.link, detail.intrinfo, detail.error_status)


CASES: list[tuple[str, Grade, str, str]] = [
    # The driver.
    (
        "a recovery action goes before the catalogue",
        graded(48, asked=2),
        "root reset_needed reboot_node",
        (
            "driver: recovery action 2, node reboot; catalogue: Xid 48, "
            "Uncorrectable (double-bit) ECC error"
        ),
    ),
    (
        "it goes before the sheet",
        graded(149, LINK_DOWN, asked=4),
        "root reset_needed drain",
        (
            "driver: recovery action 4, drain and reset; NVLink 5 decode: NETIR_LINK_EVT link 8, "
            "link-fatal: RESET_GPU; next: INVESTIGATE_LINK_SI"
        ),
    ),
    (
        "but makes nothing less of what the sheet says of capacity",
        graded(149, LINK_DOWN, asked=3),
        "root reset_needed drain",
        (
            "driver: recovery action 3, drain peer-to-peer work; NVLink 5 decode: "
            "NETIR_LINK_EVT link 8, link-fatal: RESET_GPU; next: INVESTIGATE_LINK_SI"
        ),
    ),
    (
        "an action of the future asks for support",
        graded(48, asked=9),
        "root reset_needed contact_support",
        (
            "driver: recovery action 9, not known; catalogue: Xid 48, "
            "Uncorrectable (double-bit) ECC error"
        ),
    ),
    (
        "a program's own error is not the GPU's",
        graded(31, asked=1),
        "application none restart_application",
        "catalogue: Xid 31, GPU page fault: access to an unmapped or forbidden address",
    ),
    (
        "a 154 takes the action that it names",
        graded(154, XidDetail(recovery_action=4)),
        "root reset_needed drain",
        "driver: recovery action 4, drain and reset",
    ),
    (
        "also where it is less than a reset",
        graded(154, XidDetail(recovery_action=5)),
        "root judged_elsewhere recover_fabric",
        "driver: recovery action 5, recover the IMEX domain",
    ),
    (
        "a 154 back to none is good news",
        graded(154, XidDetail(recovery_action=0)),
        "information none none",
        "driver: recovery action 0, none",
    ),
    (
        "a 154 with an action of the future is never none",
        graded(154, XidDetail(recovery_action=11)),
        "unknown unclassified contact_support",
        "driver: recovery action 11, not known",
    ),
    (
        "a 154 by number alone is read off the GPU",
        graded(154, asked=0),
        "information none none",
        "driver: recovery action 0, none",
    ),
    (
        "or looked at, where that cannot be read",
        graded(154),
        "information judged_elsewhere inspect",
        "catalogue: Xid 154, The recovery action the GPU asks for has changed; names the action",
    ),
    # The sheet.
    (
        "a link that went down",
        graded(149, LINK_DOWN),
        "root reset_needed reset_gpu",
        "NVLink 5 decode: NETIR_LINK_EVT link 8, link-fatal: RESET_GPU; next: INVESTIGATE_LINK_SI",
    ),
    (
        "a request whose far end is gone",
        graded(145, TIMED_OUT),
        "after_effect judged_elsewhere restart_application",
        "NVLink 5 decode: RLW_SRC_TRACK, non-fatal: XID_154_EVAL; next: IGNORE",
    ),
    (
        "the sheet goes before a print that says less",
        graded(149, with_print(LINK_DOWN, "non-fatal")),
        "root reset_needed reset_gpu",
        "NVLink 5 decode: NETIR_LINK_EVT link 8, link-fatal: RESET_GPU; next: INVESTIGATE_LINK_SI",
    ),
    (
        "a print of Fatal goes before a sheet that says less",
        graded(145, with_print(TIMED_OUT, "fatal")),
        "root reset_needed reset_gpu",
        (
            "log severity: fatal; NVLink 5 decode: RLW_SRC_TRACK, non-fatal: XID_154_EVAL; "
            "next: IGNORE"
        ),
    ),
    # The print.
    (
        "an unmatched line marked Fatal",
        graded(149, with_print(UNMATCHED, "fatal")),
        "root reset_needed reset_gpu",
        "log severity: NETIR_FOO link 8, fatal",
    ),
    (
        "an unmatched line marked Nonfatal",
        graded(149, with_print(UNMATCHED, "non-fatal")),
        "unknown none inspect",
        "log severity: NETIR_FOO link 8, non-fatal",
    ),
    (
        "a number of the future marked Fatal",
        graded(190, XidDetail(severity="fatal")),
        "root reset_needed reset_gpu",
        "log severity: error, fatal",
    ),
    (
        "an ignored number marked Fatal",
        graded(63, XidDetail(severity="fatal")),
        "root reset_needed reset_gpu",
        "log severity: error, fatal",
    ),
    # The catalogue, and nobody.
    (
        "an unmatched line without a print",
        graded(149, UNMATCHED),
        "unknown judged_elsewhere contact_support",
        (
            "catalogue: Xid 149, NVLink 5 network interface error, including link down and "
            "bit-error-rate events; its register words decide, and are not known"
        ),
    ),
    (
        "a number of the future",
        graded(999),
        "unknown unclassified contact_support",
        "catalogue: Xid 999 is not in it",
    ),
    (
        "zero",
        graded(0),
        "unknown unclassified contact_support",
        "catalogue: Xid 0 is not in it",
    ),
    (
        "74 on Blackwell",
        graded(74),
        "information none none",
        "catalogue: Xid 74 does not apply to NVLink 5, whose errors are 144 to 150",
    ),
    (
        "74 on Hopper",
        graded(74, sku="h100"),
        "unknown judged_elsewhere contact_support",
        "catalogue: Xid 74, NVLink error on NVLink 4 and older",
    ),
    (
        "a number of another kind of GPU",
        graded(136),
        "unknown unclassified contact_support",
        "catalogue: Xid 136 is not used on this kind of GPU",
    ),
    (
        "a kind of GPU that is not known",
        graded(136, sku="gb999"),
        "root reset_needed reset_gpu",
        "catalogue: Xid 136, NVLink training failed (NVLink 4)",
    ),
    (
        "a number that only the driver's header names",
        graded(173),
        "root reset_needed reboot_node",
        "driver header: Xid 173, Chip-to-chip link to the CPU failed for good",
    ),
]


@pytest.mark.parametrize(
    ("one", "expected", "evidence"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_an_error_is_graded_in_order(one: Grade, expected: str, evidence: str) -> None:
    """The driver, the sheet, the print, the catalogue, and support."""
    assert short(one) == expected
    assert one.evidence == evidence


# Lines of public threads by their words: gpud 1160 and 1174, NVSentinel 1748.
PUBLIC: list[tuple[int, XidDetail, str]] = [
    (149, XidDetail("NETIR", "fatal", None, 0x000F_E406, 0), "root reset_needed reset_gpu"),
    (149, XidDetail("NETIR_LINK_EVT", "fatal", 0, 0x0250_01C6, 0), "root reset_needed reset_gpu"),
    (149, XidDetail("NETIR_LINK_EVT", "fatal", 0, 0x0260_01C6, 0), "root reset_needed reset_gpu"),
    (145, XidDetail("RLW_RXPIPE", "non-fatal", 13, 0x0409_A0C2, 8), "information none inspect"),
]


@pytest.mark.parametrize(("xid", "detail", "expected"), PUBLIC)
def test_a_public_line_is_graded(xid: int, detail: XidDetail, expected: str) -> None:
    """All four are in the layout of drivers before R575."""
    one = graded(xid, detail, driver="570.124.06")
    assert short(one) == expected
    assert "NVLink 5 decode: " in one.evidence


@pytest.mark.parametrize(
    ("driver", "word", "is_known"),
    [
        ("574.99", 0x0000_00E2, True),
        ("575.10", 0x0000_00E2, False),
        ("575", 0x0000_0007, True),
        ("574.99", 0x0000_0007, False),
        (None, 0x0000_00E2, True),
        (None, 0x0000_0007, True),
        ("unreadable", 0x0000_0007, True),
    ],
)
def test_the_layout_of_the_words_goes_by_the_driver(
    driver: str | None, word: int, *, is_known: bool
) -> None:
    """Where the version is not known, both are tried."""
    detail = XidDetail(intrinfo=word, error_status=0x1)
    one = graded(145, detail, driver=driver)
    assert one.evidence.startswith("NVLink 5 decode: RLW_SRC_TRACK") is is_known


def test_no_word_means_two_things_in_the_two_layouts() -> None:
    """So where the driver's version is not known, trying both is safe."""
    for before, since in product(DECODES, DECODES):
        old, new = before.layouts[0].bits, since.layouts[1].bits
        could_fit_both = (old.value ^ new.value) & old.mask & new.mask == 0
        if before.xid == since.xid and could_fit_both:
            assert (before.decode, before.severity) == (since.decode, since.severity)


def test_the_stricter_bits_are_looked_at_first() -> None:
    """A bit that means a reset is not lost in a row that says ignore."""
    mild = XidDetail(intrinfo=0x0000_0006, error_status=0x4)
    strict = XidDetail(intrinfo=0x0000_0086, error_status=0x4)
    assert short(graded(145, mild)) == "root none inspect"
    one = graded(145, strict)
    assert short(one) == "root reset_needed reset_gpu"
    assert one.evidence.startswith("NVLink 5 decode: RLW_RXPIPE, fatal: RESET_GPU")


def test_an_error_that_usually_follows_is_marked() -> None:
    """It is a cause only if it stands alone, which company decides."""
    report_if_alone = XidDetail(intrinfo=0x0000_0011, error_status=0)
    assert graded(149, report_if_alone).is_sympathetic
    assert not graded(149, LINK_DOWN).is_sympathetic
    assert graded(159).is_sympathetic


def test_evidence_has_a_bound() -> None:
    """Whatever a line says."""
    detail = XidDetail(unit="X" * 500, severity="fatal")
    assert len(graded(149, detail).evidence) == 200


def test_a_line_of_a_program_leaves_nothing_of_it() -> None:
    """The text of a line is no evidence: it may name what a tenant runs."""
    secret = XidDetail(severity="fatal", text="secret_model.py faulted @ 0x7f00")
    for xid in (13, 31, 45, 149, 999):
        assert "secret" not in graded(xid, secret).evidence


def test_roles_are_what_journals_hold() -> None:
    """By value, for good."""
    assert [role.value for role in Role] == [
        "root",
        "after_effect",
        "application",
        "teardown",
        "information",
        "unknown",
    ]
