"""
How the two register words of an NVLink 5 error (Xid 144 to 150) are read, one row each.

Source: the NVLink 5 sheet of NVIDIA's Xid catalogue (spreadsheet, properties of 2025-09-30), its bit
patterns written as masks and values.  The first word has two layouts: drivers before R575 and from
R575 on.  A row matches where `word & mask == value` and the second word is one of its error statuses.
"""

from dataclasses import dataclass
from enum import StrEnum

LAYOUT_CHANGED_IN = 575
"""The driver branch that brought the second layout."""


class Decode(StrEnum):
    """What the sheet says to do; from the least to the most."""

    IGNORE = "IGNORE"
    EVALUATE_XID_154 = "XID_154_EVAL"
    RESET_GPU = "RESET_GPU"


@dataclass(frozen=True, slots=True)
class Bits:
    """What some bits of a word must be."""

    mask: int
    value: int

    def fit(self, word: int) -> bool:
        """Return whether a word has these bits."""
        return word & self.mask == self.value


@dataclass(frozen=True, slots=True)
class Layout:
    """
    A row in one layout of the first word.

    unit: the part of the GPU.  stricter: bits that mean a reset whatever the row says else; to be
    looked at first.
    """

    unit: str
    bits: Bits
    stricter: Bits | None = None


@dataclass(frozen=True, slots=True)
class DecodeRow:
    """
    One row.

    layouts: before R575 and from R575 on.  error_statuses: second words that it is for, empty for
    any.  investigatory, severity, domain and the effects here and at the far end: the sheet's words.
    """

    xid: int
    layouts: tuple[Layout, Layout]
    error_statuses: tuple[int, ...]
    decode: Decode
    stricter: Decode | None
    investigatory: str
    severity: str
    domain: str
    local_effect: str
    remote_effect: str


def _row(xid: int, units: str, before: Bits, since: Bits, statuses: tuple[int, ...], decode: str,  # noqa: PLR0917
         rest: str, stricter: tuple[Bits, Bits] | None = None) -> DecodeRow:
    """Build a row; units: one or two, `rest`: the last five columns, divided by bars."""
    first, _, second = units.partition(" | ")
    investigatory, severity, domain, local, remote = rest.split(" | ")
    alternative = stricter or (None, None)
    layouts = Layout(first, before, alternative[0]), Layout(second or first, since, alternative[1])
    return DecodeRow(xid, layouts, statuses, Decode(decode), Decode.RESET_GPU if stricter else None,
                     investigatory, severity, domain, local, remote)


_EACH, _WIDE = 0x03F003FF, 0x03F007FF
_EACH_575, _WIDE_575 = 0x03F0007F, 0x03F000FF


def _v1(value: int, mask: int = _EACH) -> Bits:
    return Bits(mask, value)


def _v2(value: int, mask: int = _EACH_575) -> Bits:
    return Bits(mask, value)


_RESET_BEFORE, _RESET_SINCE = Bits(_WIDE, 0x4C2), Bits(_WIDE_575, 0x86)

DECODES: tuple[DecodeRow, ...] = (
    _row(144, "SAW_MVB", _v1(0x21), _v2(0x1), (0x1,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | HW | xid48+poison/94/95 | none"),
    _row(144, "SAW_MVB", _v1(0x21), _v2(0x1), (0x2,), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | HW | xid48+app-crash(45) | packet-loss"),
    _row(144, "SAW_MVB", _v1(0x21), _v2(0x1), (0x4,), "IGNORE",
         "IGNORE | non-fatal | HW | none | none"),
    _row(144, "SAW_MVB", _v1(0x21), _v2(0x1), (0x8,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | HW | xid48 | poison/94/95"),
    _row(144, "SAW_MVB", _v1(0x21), _v2(0x1), (0x10,), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | HW | xid48+app-crash(45) | packet-loss"),
    _row(144, "SAW_MVB", _v1(0x21), _v2(0x1), (0x20,), "IGNORE",
         "IGNORE | non-fatal | HW | none | none"),
    _row(145, "RLW_CTRL", _v1(0x62), _v2(0x3), (0x80000000,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | SW | none | none"),
    _row(145, "RLW_REMAP", _v1(0x82), _v2(0x4), (0x1,), "XID_154_EVAL",
         "CONTACT_SUPPORT | non-fatal | SW | app-crash(45) | none"),
    _row(145, "RLW_REMAP", _v1(0x82), _v2(0x4), (0x2,), "XID_154_EVAL",
         "CONTACT_SUPPORT | non-fatal | SW | app-crash(45) | none"),
    _row(145, "RLW_REMAP", _v1(0x82), _v2(0x4), (0x4,), "XID_154_EVAL",
         "CHECK_NVLINK_FAILURE_FLOW | non-fatal | SW | app-crash(45) | none"),
    _row(145, "RLW_REMAP", _v1(0x82), _v2(0x4), (0x8,), "XID_154_EVAL",
         "CHECK_NVLINK_FAILURE_FLOW | non-fatal | SW | app-crash(45) | none"),
    _row(145, "RLW_REMAP", _v1(0x82), _v2(0x4), (0x10,), "XID_154_EVAL",
         "CHECK_NVLINK_FAILURE_FLOW | non-fatal | SW | app-crash(45) | none"),
    _row(145, "RLW_REMAP", _v1(0x82), _v2(0x4), (0x20,), "XID_154_EVAL",
         "CHECK_NVLINK_FAILURE_FLOW | non-fatal | SW | app-crash(45) | none"),
    _row(145, "RLW_REMAP", _v1(0x82), _v2(0x4), (0x40,), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | HW | xid48+app-crash(45) | packet-loss"),
    _row(145, "RLW_REMAP", _v1(0x82), _v2(0x4), (0x80,), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | HW | xid48+app-crash(45) | packet-loss"),
    _row(145, "RLW_REMAP", _v1(0x82), _v2(0x4), (0x100,), "IGNORE",
         "IGNORE | non-fatal | HW | none | none"),
    _row(145, "RLW_REMAP", _v1(0x82), _v2(0x4), (0x200,), "IGNORE",
         "IGNORE | non-fatal | HW | none | none"),
    _row(145, "RLW_REMAP", _v1(0x82), _v2(0x4), (0x80000000,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | SW | none | none"),
    _row(145, "RLW_RSPCOL", _v1(0xa2), _v2(0x5), (0x1,), "IGNORE",
         "IGNORE | non-fatal | HW | none | none"),
    _row(145, "RLW_RSPCOL", _v1(0xa2), _v2(0x5), (0x2,), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | HW | xid48+app-crash(45) | packet-loss"),
    _row(145, "RLW_RSPCOL", _v1(0xa2), _v2(0x5), (0x80000000,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | SW | none | none"),
    _row(145, "RLW_RXPIPE", _v1(0xc2, _WIDE), _v2(0x6, _WIDE_575), (0x1,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | SW | none | packet-loss",
         (_RESET_BEFORE, _RESET_SINCE)),
    _row(145, "RLW_RXPIPE", _v1(0xc2, _WIDE), _v2(0x6, _WIDE_575), (0x2,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | SW | none | packet-loss",
         (_RESET_BEFORE, _RESET_SINCE)),
    _row(145, "RLW_RXPIPE", _v1(0xc2, _WIDE), _v2(0x6, _WIDE_575), (0x4,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | SW | packet-loss | none",
         (_RESET_BEFORE, _RESET_SINCE)),
    _row(145, "RLW_RXPIPE", _v1(0xc2), _v2(0x6), (0x8,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | HW/SW | none | none"),
    _row(145, "RLW_RXPIPE", _v1(0xc2), _v2(0x6), (0x80000000,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | SW | none | none"),
    _row(145, "RLW_SRC_TRACK", _v1(0xe2), _v2(0x7), (0x1,), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | HW | xid48+app-crash(45) | packet-loss"),
    _row(145, "RLW_SRC_TRACK", _v1(0xe2), _v2(0x7), (0x2,), "IGNORE",
         "IGNORE | non-fatal | HW | none | none"),
    _row(145, "RLW_SRC_TRACK", _v1(0xe2), _v2(0x7), (0x4,), "XID_154_EVAL",
         "IGNORE | non-fatal | HW/SW | app-crash(45) | none"),
    _row(145, "RLW_SRC_TRACK", _v1(0xe2), _v2(0x7), (0x8,), "XID_154_EVAL",
         "IGNORE | non-fatal | HW/SW | app-crash(45) | none"),
    _row(145, "RLW_SRC_TRACK", _v1(0xe2), _v2(0x7), (0x10,), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | HW | xid48+app-crash(45) | packet-loss"),
    _row(145, "RLW_SRC_TRACK", _v1(0xe2), _v2(0x7), (0x20,), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | HW | xid48+app-crash(45) | packet-loss"),
    _row(145, "RLW_SRC_TRACK", _v1(0xe2), _v2(0x7), (0x80000000,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | SW | none | none"),
    _row(145, "RLW_TAGSTATE", _v1(0x102), _v2(0x8), (0x1,), "IGNORE",
         "IGNORE | non-fatal | HW | none | none"),
    _row(145, "RLW_TAGSTATE", _v1(0x102), _v2(0x8), (0x2,), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | HW | xid48+app-crash(45) | packet-loss"),
    _row(145, "RLW_TAGSTATE", _v1(0x102), _v2(0x8), (0x10000,), "IGNORE",
         "IGNORE | non-fatal | HW | none | none"),
    _row(145, "RLW_TAGSTATE", _v1(0x102), _v2(0x8), (0x20000,), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | HW | xid48+app-crash(45) | packet-loss"),
    _row(145, "RLW_TAGSTATE", _v1(0x102), _v2(0x8), (0x100000,), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | HW | xid48+app-crash(45) | packet-loss"),
    _row(145, "RLW_TAGSTATE", _v1(0x102), _v2(0x8), (0x80000000,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | SW | none | none"),
    _row(146, "TLW_CTRL", _v1(0x123), _v2(0x9), (0x1,), "IGNORE",
         "IGNORE | non-fatal | HW | none | none"),
    _row(146, "TLW_CTRL", _v1(0x123), _v2(0x9), (0x2,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | HW | xid48 | poison/94/95"),
    _row(146, "TLW_CTRL", _v1(0x123), _v2(0x9), (0x4,), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | HW | xid48+packet-loss | packet-loss"),
    _row(146, "TLW_CTRL", _v1(0x123), _v2(0x9), (0x80000000,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | SW | none | none"),
    _row(146, "TLW_RX | TLW_RX_PIPE0", _v1(0x143), _v2(0xa), (0x1,), "IGNORE",
         "IGNORE | non-fatal | HW | none | none"),
    _row(146, "TLW_RX | TLW_RX_PIPE0", _v1(0x143), _v2(0xa), (0x2,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | HW | xid48+poison/94/95 | none"),
    _row(146, "TLW_RX | TLW_RX_PIPE0", _v1(0x143), _v2(0xa), (0x4,), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | HW | xid48+packet-loss | packet-loss"),
    _row(146, "TLW_RX | TLW_RX_PIPE0", _v1(0x143), _v2(0xa), (0x80000000,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | SW | none | none"),
    _row(146, "TLW_RX | TLW_RX_PIPE1", _v1(0x143), _v2(0xb), (0x1,), "IGNORE",
         "IGNORE | non-fatal | HW | none | none"),
    _row(146, "TLW_RX | TLW_RX_PIPE1", _v1(0x143), _v2(0xb), (0x2,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | HW | xid48+poison/94/95 | none"),
    _row(146, "TLW_RX | TLW_RX_PIPE1", _v1(0x143), _v2(0xb), (0x4,), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | HW | xid48+packet-loss | packet-loss"),
    _row(146, "TLW_RX | TLW_RX_PIPE1", _v1(0x143), _v2(0xb), (0x80000000,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | SW | none | none"),
    _row(146, "TLW_TX | TLW_TX_PIPE0", _v1(0x163), _v2(0xc), (0x1,), "IGNORE",
         "IGNORE | non-fatal | HW | none | none"),
    _row(146, "TLW_TX | TLW_TX_PIPE0", _v1(0x163), _v2(0xc), (0x2,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | HW | xid48+poison/94/95 | none"),
    _row(146, "TLW_TX | TLW_TX_PIPE0", _v1(0x163), _v2(0xc), (0x4,), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | HW | xid48+packet-loss | packet-loss"),
    _row(146, "TLW_TX | TLW_TX_PIPE0", _v1(0x163), _v2(0xc), (0x80000000,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | SW | none | none"),
    _row(146, "TLW_TX | TLW_TX_PIPE1", _v1(0x163), _v2(0xd), (0x1,), "IGNORE",
         "IGNORE | non-fatal | HW | none | none"),
    _row(146, "TLW_TX | TLW_TX_PIPE1", _v1(0x163), _v2(0xd), (0x2,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | HW | xid48+poison/94/95 | none"),
    _row(146, "TLW_TX | TLW_TX_PIPE1", _v1(0x163), _v2(0xd), (0x4,), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | HW | xid48+packet-loss | packet-loss"),
    _row(146, "TLW_TX | TLW_TX_PIPE1", _v1(0x163), _v2(0xd), (0x80000000,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | SW | none | none"),
    _row(147, "TREX", _v1(0x184), _v2(0xe), (0x1,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | SW | none | none"),
    _row(147, "TREX", _v1(0x184), _v2(0xe), (0x80000000,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | SW | none | none"),
    _row(148, "NVLPW_CTRL | NVLPW", _v1(0x5), _v2(0xf), (0x80000000,), "IGNORE",
         "CONTACT_SUPPORT | non-fatal | SW | none | none"),
    _row(149, "NETIR | NETIR_INT", _v1(0x6), _v2(0x18), (), "RESET_GPU",
         "SYMPATHETIC_REPORT_SOLO | link-fatal | HW/SW | packet-loss | packet-loss"),
    _row(149, "NETIR_LINK_EVT | NETIR_LINK_DOWN", _v1(0x1c6), _v2(0x11), (), "RESET_GPU",
         "SYMPATHETIC_REPORT_SOLO | link-fatal | HW/SW | packet-loss | packet-loss"),
    _row(149, "NETIR_LINK_EVT | NETIR_LINK_DOWN", _v1(0x1001c6), _v2(0x100011), (), "RESET_GPU",
         "REPORT_ISSUE (if seen >1 per day) | link-fatal | HW/SW | packet-loss | packet-loss"),
    _row(149, "NETIR_LINK_EVT | NETIR_LINK_DOWN", _v1(0x2001c6), _v2(0x200011), (), "RESET_GPU",
         "INVESTIGATE_LINK_SI | link-fatal | HW/SW | packet-loss | packet-loss"),
    _row(149, "NETIR_LINK_EVT | NETIR_LINK_DOWN", _v1(0x4001c6), _v2(0x400011), (), "RESET_GPU",
         "INVESTIGATE_LINK_SI | link-fatal | HW | packet-loss | packet-loss"),
    _row(149, "NETIR_LINK_EVT | NETIR_LINK_DOWN", _v1(0xa001c6), _v2(0xa00011), (), "RESET_GPU",
         "INVESTIGATE_LINK_SI | link-fatal | HW | packet-loss | packet-loss"),
    _row(149, "NETIR_LINK_EVT | NETIR_LINK_DOWN", _v1(0xf001c6), _v2(0xf00011), (), "RESET_GPU",
         "INVESTIGATE_SW_USER | link-fatal | SW | packet-loss | packet-loss"),
    _row(149, "NETIR_LINK_EVT | NETIR_LINK_DOWN", _v1(0x10001c6), _v2(0x1000011), (), "RESET_GPU",
         "INVESTIGATE_SW_USER_LINK_SI | link-fatal | SW | packet-loss | packet-loss"),
    _row(149, "NETIR_LINK_EVT | NETIR_LINK_DOWN", _v1(0x11001c6), _v2(0x1100011), (), "RESET_GPU",
         "INVESTIGATE_SW_USER | link-fatal | SW | packet-loss | packet-loss"),
    _row(149, "NETIR_LINK_EVT | NETIR_LINK_DOWN", _v1(0x12001c6), _v2(0x1200011), (), "RESET_GPU",
         "INVESTIGATE_SW_USER_LINK_SI | link-fatal | SW | packet-loss | packet-loss"),
    _row(149, "NETIR_LINK_EVT | NETIR_LINK_DOWN", _v1(0x15001c6), _v2(0x1500011), (), "RESET_GPU",
         "INVESTIGATE_PEER_DEVICE | link-fatal | HW/SW | packet-loss | packet-loss"),
    _row(149, "NETIR_LINK_EVT | NETIR_LINK_DOWN", _v1(0x16001c6), _v2(0x1600011), (), "RESET_GPU",
         "INVESTIGATE_SW_USER | link-fatal | SW | packet-loss | packet-loss"),
    _row(149, "NETIR_LINK_EVT | NETIR_LINK_DOWN", _v1(0x20001c6), _v2(0x2000011), (), "RESET_GPU",
         "INVESTIGATE_PEER_DEVICE | link-fatal | HW/SW | packet-loss | gpu-fatal+packet-loss"),
    _row(149, "NETIR_LINK_EVT | NETIR_LINK_DOWN", _v1(0x21001c6), _v2(0x2100011), (), "RESET_GPU",
         "INVESTIGATE_PEER_DEVICE | link-fatal | HW/SW | packet-loss | gpu-fatal+packet-loss"),
    _row(149, "NETIR_LINK_EVT | NETIR_LINK_DOWN", _v1(0x22001c6), _v2(0x2200011), (), "RESET_GPU",
         "INVESTIGATE_PEER_DEVICE | link-fatal | HW/SW | packet-loss | gpu-fatal+packet-loss"),
    _row(149, "NETIR_LINK_EVT | NETIR_LINK_DOWN", _v1(0x23001c6), _v2(0x2300011), (), "RESET_GPU",
         "INVESTIGATE_PEER_DEVICE | link-fatal | HW | packet-loss | gpu-fatal+packet-loss"),
    _row(149, "NETIR_LINK_EVT | NETIR_LINK_DOWN", _v1(0x24001c6), _v2(0x2400011), (), "RESET_GPU",
         "INVESTIGATE_PEER_DEVICE | link-fatal | HW/SW | packet-loss | gpu-fatal+packet-loss"),
    _row(149, "NETIR_LINK_EVT | NETIR_LINK_DOWN", _v1(0x25001c6), _v2(0x2500011), (), "RESET_GPU",
         "INVESTIGATE_PEER_DEVICE | link-fatal | HW/SW | packet-loss | gpu-fatal+packet-loss"),
    _row(149, "NETIR_LINK_EVT | NETIR_LINK_DOWN", _v1(0x26001c6), _v2(0x2600011), (), "IGNORE",
         "INVESTIGATE_SW_USER | link-fatal | HW/SW | packet-loss | packet-loss"),
    _row(149, "NETIR_LINK_EVT | NETIR_LINK_DOWN", _v1(0x28001c6), _v2(0x2800011), (), "IGNORE",
         "INVESTIGATE_HOST | fatal | SW | gpu-fatal | packet-loss"),
    _row(149, "NETIR_LINK_EVT | NETIR_LINK_DOWN", _v1(0x2a001c6), _v2(0x2a00011), (), "RESET_GPU",
         "INVESTIGATE_LINK_SI_AND_CABLES | link-fatal | HW | packet-loss | packet-loss"),
    _row(149, "NETIR_LINK_EVT | NETIR_LINK_DOWN", _v1(0x2b001c6), _v2(0x2b00011), (), "RESET_GPU",
         "INVESTIGATE_LINK_SI_AND_CABLES | link-fatal | HW | packet-loss | packet-loss"),
    _row(149, "NETIR_BER_EVENT", _v1(0x226), _v2(0x13), (0x0,), "IGNORE",
         "INVESTIGATE_LINK_SI_AND_CABLES | non-fatal | HW | none | none"),
    _row(149, "NETIR_BER_EVENT", _v1(0x226), _v2(0x13), (0x1,), "IGNORE",
         "INVESTIGATE_LINK_SI_AND_CABLES | non-fatal | HW | none | none"),
    _row(149, "NETIR_BER_EVENT", _v1(0x226), _v2(0x13), (0x2,), "IGNORE",
         "INVESTIGATE_LINK_SI_AND_CABLES | non-fatal | HW | none | none"),
    _row(149, "NETIR_BER_EVENT", _v1(0x226), _v2(0x13), (0x3,), "IGNORE",
         "INVESTIGATE_LINK_SI_AND_CABLES | non-fatal | HW | none | none"),
    _row(149, "NETIR_MFDE_EVENT", _v1(0x246), _v2(0x14), (0x1,), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | HW/SW | gpu-fatal | packet-loss"),
    _row(149, "NETIR_MFDE_EVENT", _v1(0x246), _v2(0x14), (0x3,), "IGNORE",
         "IGNORE | non-fatal | NA | none | none"),
    _row(149, "NETIR_MFDE_EVENT", _v1(0x246), _v2(0x14), (0x4,), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | HW/SW | gpu-fatal | packet-loss"),
    _row(149, "NETIR_MFDE_EVENT", _v1(0x246), _v2(0x14), (0x5,), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | HW/SW | gpu-fatal | packet-loss"),
    _row(149, "NETIR_MFDE_EVENT", _v1(0x246), _v2(0x14), (0x7,), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | HW/SW | gpu-fatal | packet-loss"),
    _row(150, "MSE Degraded", _v1(0x0), _v2(0x0), (0x0, 0xffffffff), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | FW | gpu-fatal | none"),
    _row(150, "MSE_WATCHDOG", _v1(0x0), _v2(0x0), (0x0,), "RESET_GPU",
         "CONTACT_SUPPORT | fatal | FW | gpu-fatal | none"),
)
"""In the sheet's order."""

DECODED_XIDS = frozenset(row.xid for row in DECODES)
