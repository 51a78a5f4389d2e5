"""
What one Xid means: for the capacity, among other errors, and for the operator.

Who is asked, in this order: the driver (its recovery action, also as Xid 154 names it), the sheet
for NVLink 5, the severity that the log's line prints, the Xid catalogue.  A number that nobody
knows asks for support, never for nothing.  The order says whose action and words are taken;
capacity takes the worst that any of them says, so a printed "Fatal" is never made less of, and no
further evidence ever improves a state.  Source: docs/decisions/0075-who-is-asked-about-an-xid.md.
"""

from dataclasses import dataclass, replace
from enum import Enum

from gpusla.catalogue.actions import Action
from gpusla.catalogue.nvlink5 import DECODED_XIDS, Decode
from gpusla.catalogue.xids import XIDS, Capacity, Immediate, XidRow
from gpusla.health.decode import Decoded, decode
from gpusla.health.profiles import profile_of
from gpusla.health.recovery import recovery_of
from gpusla.health.thresholds import EVIDENCE_MAX
from gpusla.health.verdict import Role
from gpusla.readings import XidDetail, XidEvent

FATAL, NON_FATAL = "fatal", "non-fatal"
RECOVERY_CHANGED = 154


class Effect(Enum):
    """
    What an Xid says about the GPU's capacity.

    unclassified: nobody knows; it is shown, and takes no capacity that the driver does not deny.
    judged_elsewhere: readings say what became of the GPU (recovery action, fabric, links, memory).
    """

    RESET_NEEDED = "reset_needed"
    UNCLASSIFIED = "unclassified"
    JUDGED_ELSEWHERE = "judged_elsewhere"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Grade:
    """
    One event, graded by itself.

    evidence: begins with who says so.  is_sympathetic: such an error usually follows from another
    one, and is a cause of its own only if it stands alone.
    """

    effect: Effect
    role: Role
    action: Action
    evidence: str
    is_sympathetic: bool = False


_SUPPORT = (Effect.UNCLASSIFIED, Role.UNKNOWN, Action.CONTACT_SUPPORT)
_RESET = (Effect.RESET_NEEDED, Role.ROOT, Action.RESET_GPU)
_REBOOT = (Effect.RESET_NEEDED, Role.ROOT, Action.REBOOT_NODE)
_RESTART = (Effect.NONE, Role.APPLICATION, Action.RESTART_APPLICATION)
_NOTHING = (Effect.NONE, Role.INFORMATION, Action.NONE)
_INSPECT = (Effect.JUDGED_ELSEWHERE, Role.ROOT, Action.INSPECT)
_DECODE = (Effect.JUDGED_ELSEWHERE, Role.UNKNOWN, Action.CONTACT_SUPPORT)

_IMMEDIATE: dict[Immediate, tuple[Effect, Role, Action]] = {
    Immediate.IGNORE: _NOTHING,
    Immediate.RESTART_APP: _RESTART,
    Immediate.RESET_GPU: _RESET,
    Immediate.RESTART_VM: _REBOOT,
    Immediate.RESTART_BM: _REBOOT,
    Immediate.CHECK_MECHANICALS: _INSPECT,
    # The driver names a recovery action for it since it exists (column `since`), so that judges.
    Immediate.CHECK_UVM: (Effect.JUDGED_ELSEWHERE, Role.ROOT, Action.RESET_GPU),
    Immediate.UPDATE_SWFW: _INSPECT,
    Immediate.CONTACT_SUPPORT: _SUPPORT,
    Immediate.WORKFLOW_XID_45: (Effect.NONE, Role.APPLICATION, Action.INSPECT),
    Immediate.WORKFLOW_XID_48: _RESET,
    Immediate.WORKFLOW_NVLINK_ERR: _DECODE,
    Immediate.WORKFLOW_NVLINK5_ERR: _DECODE,
    Immediate.XID_154: (Effect.JUDGED_ELSEWHERE, Role.INFORMATION, Action.INSPECT),
}

_NOT_PUBLISHED: dict[Capacity, tuple[Effect, Role, Action]] = {
    Capacity.UNTIL_NODE_RESTART: _REBOOT,
    Capacity.NONE_BY_ITSELF: (Effect.NONE, Role.INFORMATION, Action.INSPECT),
    Capacity.AS_XID_48: (Effect.JUDGED_ELSEWHERE, Role.ROOT, Action.CONTACT_SUPPORT),
    Capacity.SUPPORT_CASE: _SUPPORT,
}
"""Where the catalogue names no action, by what the number means."""

_EXCEPTIONS: dict[int, tuple[Effect, Role, Action]] = {
    # Ignored by the catalogue, and still a program's doing.
    43: (Effect.NONE, Role.APPLICATION, Action.NONE),
    137: (Effect.NONE, Role.APPLICATION, Action.NONE),
    # A memory error that cost one program: the program restarts, but it was not its doing.
    94: (Effect.NONE, Role.ROOT, Action.RESTART_APPLICATION),
    # The power smoothing hardware is available again: the one of its four that is good news.
    162: _NOTHING,
}

_SYMPATHETIC_XIDS = {94, 95, 159}
_SYMPATHETIC = "SYMPATHETIC"
_OLD_NVLINK = 74
_BLACKWELL = {"b100", "gb200"}


def grade(
    event: XidEvent,
    driver_version: str | None = None,
    sku: str = "",
    recovery_action: float | None = None,
) -> Grade:
    """
    Return what an event means by itself.

    driver_version, sku: of its GPU; None or empty if not known.  recovery_action: what the driver
    asks for at the same time, None if that could not be read.
    """
    detail = event.detail or XidDetail()
    graded = _by_driver_word(event.xid, detail.recovery_action)
    graded = graded or _by_decode(event.xid, detail, driver_version)
    graded = graded or _by_severity(detail)
    graded = graded or by_catalogue(event.xid, sku)
    graded = _not_below_print(graded, detail)
    return bounded(_with_driver(graded, event.xid, recovery_action))


def bounded(graded: Grade) -> Grade:
    """Return a grade whose evidence is not longer than it may be."""
    if len(graded.evidence) <= EVIDENCE_MAX:
        return graded
    return replace(graded, evidence=graded.evidence[:EVIDENCE_MAX])


def by_catalogue(xid: int, sku: str) -> Grade:
    """Return what the number alone says of a kind of GPU."""
    row = XIDS.get(xid)
    profile = profile_of(sku)
    if row is None:
        return Grade(*_SUPPORT, f"catalogue: Xid {xid} is not in it")
    if xid == _OLD_NVLINK and profile is not None and profile.architecture in _BLACKWELL:
        words = "does not apply to NVLink 5, whose errors are 144 to 150"
        return Grade(*_NOTHING, f"catalogue: Xid {xid} {words}")
    if not _is_applicable(row, profile.architecture if profile else None):
        return Grade(*_SUPPORT, f"catalogue: Xid {xid} is not used on this kind of GPU")
    words = f"{row.source.removeprefix('Xid ')}: Xid {xid}, {row.meaning}"
    if xid in DECODED_XIDS:
        words += "; its register words decide, and are not known"
    if row.immediate is Immediate.WORKFLOW_XID_45:
        words += "; alone: restart the fabric manager where one runs"
    return Grade(*outcome_of(row), words, xid in _SYMPATHETIC_XIDS)


def outcome_of(row: XidRow) -> tuple[Effect, Role, Action]:
    """Return what a row of the catalogue means where it applies."""
    if row.number in _EXCEPTIONS:
        return _EXCEPTIONS[row.number]
    if row.immediate is Immediate.NOT_PUBLISHED:
        return _NOT_PUBLISHED[row.capacity]
    return _IMMEDIATE[row.immediate]


def _is_applicable(row: XidRow, architecture: str | None) -> bool:
    if row.architectures is None:
        return True
    return architecture in row.architectures if architecture else bool(row.architectures)


def _by_driver_word(xid: int, value: int | None) -> Grade | None:
    """Grade an Xid 154 by the action that its line names."""
    if xid != RECOVERY_CHANGED or value is None:
        return None
    recovery = recovery_of(value)
    if recovery is None:
        return Grade(*_NOTHING, "driver: recovery action 0, none")
    if recovery.action is Action.CONTACT_SUPPORT:
        return Grade(*_SUPPORT, recovery.evidence)
    effect = Effect.RESET_NEEDED if recovery.is_down else Effect.JUDGED_ELSEWHERE
    return Grade(effect, Role.ROOT, recovery.action, recovery.evidence)


def _by_decode(xid: int, detail: XidDetail, driver_version: str | None) -> Grade | None:
    decoded = decode(xid, detail, driver_version)
    if decoded is None:
        return None
    unit = detail.unit or decoded.unit
    words = f"NVLink 5 decode: {_where(unit, detail)}, {decoded.severity}: {decoded.decode}"
    return Grade(
        *_decoded_outcome(decoded),
        f"{words}; next: {decoded.row.investigatory}",
        decoded.row.investigatory.startswith(_SYMPATHETIC),
    )


def _decoded_outcome(decoded: Decoded) -> tuple[Effect, Role, Action]:
    row = decoded.row
    if decoded.decode is Decode.RESET_GPU:
        return _RESET
    if decoded.decode is Decode.EVALUATE_XID_154:
        # A request over the fabric came to nothing and its program crashed.  Where the sheet sends
        # one to look for a failed link, or nowhere, the failure was at the far end.
        is_own = row.investigatory == "CONTACT_SUPPORT"
        role = Role.APPLICATION if is_own else Role.AFTER_EFFECT
        return Effect.JUDGED_ELSEWHERE, role, Action.RESTART_APPLICATION
    if row.severity != NON_FATAL:
        return Effect.JUDGED_ELSEWHERE, Role.ROOT, Action.INSPECT  # Ignored, and yet called fatal.
    if row.local_effect == row.remote_effect == "none":
        action = Action.NONE if row.investigatory == "IGNORE" else Action.INSPECT
        return Effect.NONE, Role.INFORMATION, action
    return Effect.NONE, Role.ROOT, Action.INSPECT


def _by_severity(detail: XidDetail) -> Grade | None:
    if detail.severity == FATAL:
        return Grade(*_RESET, f"log severity: {_where(detail.unit, detail)}, fatal")
    if detail.severity == NON_FATAL:
        words = f"log severity: {_where(detail.unit, detail)}, non-fatal"
        return Grade(Effect.NONE, Role.UNKNOWN, Action.INSPECT, words)
    return None


def _not_below_print(graded: Grade, detail: XidDetail) -> Grade:
    if detail.severity != FATAL or graded.effect is Effect.RESET_NEEDED:
        return graded
    return Grade(*_RESET, f"log severity: fatal; {graded.evidence}", graded.is_sympathetic)


def _with_driver(graded: Grade, xid: int, value: float | None) -> Grade:
    """Let what the driver asks for now take the place of a table's action."""
    recovery = recovery_of(value) if value is not None else None
    if recovery is None:
        is_answered = xid == RECOVERY_CHANGED and value is not None
        if is_answered and graded.action is Action.INSPECT:
            return Grade(*_NOTHING, "driver: recovery action 0, none")
        return graded
    if graded.effect is Effect.NONE:
        return graded  # A program's own error does not become the GPU's by standing beside it.
    effect = Effect.RESET_NEEDED if recovery.is_down else graded.effect
    evidence = recovery.evidence
    if not graded.evidence.startswith(evidence):
        evidence = f"{evidence}; {graded.evidence}"
    return replace(graded, effect=effect, action=recovery.action, evidence=evidence)


def _where(unit: str, detail: XidDetail) -> str:
    words = unit or "error"
    return words if detail.link is None else f"{words} link {detail.link}"
