"""
What the kernel's log says with an Xid, for the few that a fate of paper has words for.

The forms of the lines are those of public logs; the register words are in the layout that drivers
have from R575 on (NVLink 5 sheet of NVIDIA's Xid catalogue).  One of 149: a link went down for bad
signal.  One of 145: a request found the far end gone.
"""

from gpusla.readings import XidDetail

_WORDS_149 = (0x0020_0011, 0x0000_0000)
_WORDS_145 = (0x0000_0004, 0x0000_0004)

DETAILS: dict[int, XidDetail] = {
    13: XidDetail(text="Graphics SM Warp Exception on (GPC 0, TPC 0, SM 0): Out Of Range Address"),
    31: XidDetail(
        text="MMU Fault: ENGINE GRAPHICS GPCCLIENT_T1_0 faulted @ 0x7f00_00000000. "
        "Fault is of type FAULT_PDE ACCESS_TYPE_VIRT_READ"
    ),
    145: XidDetail(
        unit="RLW_REMAP",
        severity="non-fatal",
        intrinfo=_WORDS_145[0],
        error_status=_WORDS_145[1],
        text="RLW_REMAP Nonfatal XC0 i0 Link -1 (0x00000004 0x00000004 0x00000000 0x00000000 "
        "0x00000000 0x00000000)",
    ),
    149: XidDetail(
        unit="NETIR_LINK_EVT",
        severity="fatal",
        link=14,
        intrinfo=_WORDS_149[0],
        error_status=_WORDS_149[1],
        text="NETIR_LINK_EVT Fatal XC0 i0 Link 14 (0x00200011 0x00000000 0x00000000 0x00000000 "
        "0x00000000 0x00000000)",
    ),
}
"""By number; an Xid that is not in it is known by its number alone."""
