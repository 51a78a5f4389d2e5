"""A line of the kernel's log: no Xid, or one whose every part keeps its form."""

import re
from collections.abc import Iterator

from gpusla_agent.sources.xid_lines import (
    TEXT_CHARACTERS_MAX,
    normal_address,
    parse_xid_line,
)

ABOUT = "the reader of Xid lines in the kernel's log"
WORDS = (
    "NVRM: Xid (PCI:0018:01:00): ",
    "NETIR_LINK_EVT",
    "Fatal XC0 i0 Link 08 ",
    "(0x04082907 0x00000008 0x0 0x0 0x0 0x0)",
    "pid=123, name=python3, ",
    "caused by previous Xid 149",
    "GPU recovery action changed from 0x0 (None) to 0x4 (Drain and Reset)",
    "name=",
)
_ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}", re.ASCII)
_XID_MAX = 99_999


def seeds() -> Iterator[bytes]:
    """Yield a line of each shape that is known."""
    head = "NVRM: Xid (PCI:0018:01:00): "
    yield from (
        f"{head}{text}".encode()
        for text in (
            "149, NETIR_LINK_EVT Fatal XC0 i0 Link 08 (0x004505c6 0x00000008 0x0 0x0 0x0 0x0)",
            "145, RLW_SRC_TRACK Non-fatal XC0 i0 Link -1 (0x04082907 0x00000008 0x0 0x0 0x0 0x0)",
            "154, GPU recovery action changed from 0x0 (None) to 0x4 (Drain and Reset)",
            "45, pid=1234, name=train, Ch 00000008, caused by previous Xid 149",
            "31, pid=7, name=a, b, Ch 00000008, intr 10000000. MMU Fault: ENGINE GRAPHICS",
            "79, GPU has fallen off the bus.",
        )
    )
    yield b"NVRM: GPU at PCI:0018:01:00: GPU-1"


def check(data: bytes) -> None:
    """Read one line as the kernel's log would give it."""
    line = data.decode("utf-8", "replace")
    normal_address(line)
    found = parse_xid_line(line)
    if found is None:
        return
    detail = found.detail
    assert 0 <= found.xid <= _XID_MAX
    assert _ADDRESS.fullmatch(found.address), found.address
    assert normal_address(found.address) == found.address
    assert len(detail.text) <= TEXT_CHARACTERS_MAX
    assert all(" " <= character <= "~" for character in detail.text)
    assert "name=" not in detail.text
    assert detail.severity in {"", "fatal", "non-fatal"}
    for number in (
        detail.link,
        detail.intrinfo,
        detail.error_status,
        detail.caused_by,
        detail.recovery_action,
    ):
        assert number is None or 0 <= number < 1 << 32
    assert parse_xid_line(line) == found
