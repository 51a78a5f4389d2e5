"""What an Xid means, in words: from the same rows that judge it."""

from collections import Counter
from collections.abc import Iterator, Sequence

from gpusla.catalogue.actions import MEANINGS, Action
from gpusla.catalogue.nvlink5 import DECODES, LAYOUT_CHANGED_IN, DecodeRow, Layout
from gpusla.catalogue.xids import XIDS, XidRow
from gpusla.health.grade import Effect, Grade, by_catalogue, grade
from gpusla.health.profiles import PROFILES
from gpusla.identity import GpuUuid
from gpusla.readings import XidDetail, XidEvent

CAPACITY_WORDS: dict[Effect, str] = {
    Effect.RESET_NEEDED: "the GPU is down until it was reset",
    Effect.UNCLASSIFIED: "shown, and none lost that the driver does not deny",
    Effect.JUDGED_ELSEWHERE: "as the driver's recovery action, the fabric and the links say",
    Effect.NONE: "none lost by itself",
}


_ASKS: dict[Action, str] = {
    Action.NONE: "nothing",
    Action.RESTART_APPLICATION: "a restart of the application",
    Action.INSPECT: "a look",
    Action.RESET_GPU: "a reset of the GPU",
    Action.DRAIN: "a drain",
    Action.RECOVER_FABRIC: "a recovery of the fabric",
    Action.REBOOT_NODE: "a reboot of the node",
    Action.REPLACE: "a replacement",
    Action.CONTACT_SUPPORT: "the vendor's support",
}


def explain_xid(number: int) -> str:
    """
    Return what an error number means: a page of text without a line end after its last line.

    For each kind of GPU: role, capacity and action of the number alone; for 144 to 150 also what
    the register words of the kernel log's line make of it.  A number that nobody knows has a page,
    too, that says so.
    """
    return "\n".join(_lines(number))


def _lines(number: int) -> Iterator[str]:
    row = XIDS.get(number)
    yield f"Xid {number}{f' {row.mnemonic}' if row else ''}: an error number of the driver"
    if row is not None:
        yield from _catalogue(row)
    else:
        yield "  It is not in the catalogue that this program knows."
    rows = [decode for decode in DECODES if decode.xid == number]
    if rows:
        yield from _in_short(rows)
    yield from _by_kind(number, "The number alone, on" if rows else "On")
    yield "  What the driver itself asks for (field 230, Xid 154) goes before all of this, and what"
    yield "  the log calls Fatal is never less than a reset."
    if rows:
        yield ""
        yield "  The register words: mask and value of the first"
        yield f"  before R{LAYOUT_CHANGED_IN} | from it on; the second; what they mean:"
        for decode in rows:
            yield from _decoded(decode)


def _in_short(rows: Sequence[DecodeRow]) -> Iterator[str]:
    """Say first what the many rows come to."""
    outcomes = Counter(_graded(row, row.layouts[1].bits.value).action for row in rows)
    ordered = sorted(outcomes.items(), key=lambda item: -item[1])
    counted = ", ".join(f"{count} for {_ASKS[action]}" for action, count in ordered)
    yield f"  The register words of the kernel's log decide. Of {len(rows)} rows ask"
    yield f"  {counted}."


def _catalogue(row: XidRow) -> Iterator[str]:
    yield f"  {row.meaning}"
    known = row.architectures
    kinds = "not said" if known is None else ", ".join(sorted(known)) or "none of today's GPUs"
    yield f"  Reported by: {kinds}"
    said = row.immediate.value or "nothing published"
    then = f"; then {row.investigatory}" if row.investigatory else ""
    yield f"  {row.source}: {said}{then}"
    if row.recovery_action_since:
        yield f"  The driver names a recovery action with it since: {row.recovery_action_since}"


def _by_kind(number: int, where: str) -> Iterator[str]:
    grades: dict[tuple[object, ...], list[str]] = {}
    for sku in PROFILES:
        one = by_catalogue(number, sku)
        grades.setdefault((one.role, one.effect, one.action), []).append(sku)
    for skus in grades.values():
        one = by_catalogue(number, skus[0])
        yield f"  {where} {', '.join(skus)}: role {one.role}"
        yield f"    Capacity: {CAPACITY_WORDS[one.effect]}"
        yield f"    To do: {one.action}. {MEANINGS[one.action]}"


def _decoded(row: DecodeRow) -> Iterator[str]:
    before, since = row.layouts
    statuses = " or ".join(f"{status:#010x}" for status in row.error_statuses) or "any"
    one = _graded(row, since.bits.value)
    outcome = f"{_outcome(since, row.severity, one)}; then {row.investigatory}"
    yield f"    {_bits(before)} | {_bits(since)}; {statuses}: {outcome}"
    if since.stricter is not None:
        strict = _graded(row, since.stricter.value)
        yield f"      {_outcome(since, 'stricter bits', strict)}"


def _bits(layout: Layout) -> str:
    return f"{layout.bits.mask:#010x} {layout.bits.value:#010x}"


def _graded(row: DecodeRow, word: int) -> Grade:
    status = row.error_statuses[0] if row.error_statuses else 0
    event = XidEvent(GpuUuid(""), row.xid, 0, detail=XidDetail(intrinfo=word, error_status=status))
    return grade(event, f"{LAYOUT_CHANGED_IN}.0")


def _outcome(layout: Layout, severity: str, one: Grade) -> str:
    return f"{layout.unit}, {severity}, {one.role}: {_ASKS[one.action]}"
