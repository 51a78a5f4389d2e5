"""From a document to records, with everything checked that one record alone cannot show."""

from collections.abc import Sequence
from typing import TypedDict

from gpusla.catalogue.codes import DUPLICATE_ID, UNKNOWN_REFERENCE
from gpusla.documents import Document, validate
from gpusla.errors import InventoryError
from gpusla.identity import ContractId, GpuUuid, NodeName, Slot, parse_slot
from gpusla.inventory.checks import Listed, Selecting
from gpusla.inventory.files import (
    AssignmentsForm,
    ClaimForm,
    ClaimsForm,
    ExclusionForm,
    ExclusionsForm,
    InventoryForm,
    NodeForm,
    OccupancyForm,
    RecordForm,
)
from gpusla.inventory.model import (
    AssignmentRecord,
    ClaimRecord,
    ExclusionRecord,
    NodeRecord,
    OccupancyRecord,
)
from gpusla.inventory.registry import Assignments, Claims, Exclusions, Inventory


def read_inventory(document: Document) -> Inventory:
    """
    Read a file of kind `Inventory`.

    Raises InventoryError: unknown or wrong values, ids used twice, a node or a slot that exists
    twice at once, a slot with two GPUs at once, a GPU in two slots at once.
    """
    form = validate(InventoryForm, document, InventoryError)
    nodes = Listed(document, "nodes", [_node(node, form.metadata.site) for node in form.nodes])
    nodes.check_history()
    nodes.check_apart(lambda node: [node.node], "the node", "is described twice")
    nodes.check_apart(lambda node: node.slots, "the slot", "is part of two nodes")
    _check_keys(document, nodes.records)
    inventory = Inventory(form.metadata.site, tuple(nodes.records))
    occupancy = Listed(
        document,
        "occupancy",
        [_occupancy(document, inventory, place) for place in enumerate(form.occupancy)],
    )
    occupancy.check_history()
    occupancy.check_apart(lambda record: [record.slot], "the slot", "holds two GPUs")
    occupancy.check_apart(lambda record: [record.gpu], "the GPU", "sits in two slots")
    return Inventory(form.metadata.site, tuple(nodes.records), tuple(occupancy.records))


def _check_keys(document: Document, nodes: Sequence[NodeRecord]) -> None:
    """One key, one node: else each could tell the other's story."""
    owners: dict[str, NodeName] = {}
    for place, record in enumerate(nodes):
        for number, key in enumerate(record.keys):
            owner = owners.setdefault(key, record.node)
            if owner != record.node:
                raise InventoryError(
                    DUPLICATE_ID,
                    f"nodes[{place}].keys[{number}]: the key is {owner}'s",
                    fix="Write each node's own, as `gpusla-agent key show` gives it there.",
                    position=document.position(("nodes", place, "keys", number)),
                )


def read_assignments(document: Document, inventory: Inventory) -> Assignments:
    """
    Read a file of kind `Assignments`.

    A selector means the slots that inventory expects at the assignment's first instant, so that a
    tray that is added later changes no recorded assignment.
    Raises InventoryError: unknown or wrong values, ids used twice, selectors of nothing, a slot
    that serves two contracts at once.
    """
    form = validate(AssignmentsForm, document, InventoryError)
    selecting = Selecting(document, "assignments", inventory)
    listed = Listed(
        document,
        "assignments",
        [
            AssignmentRecord(**_common(item), slots=slots, contract=ContractId(item.contract))
            for item, slots in selecting.resolved(form.assignments)
        ],
    )
    listed.check_history()
    listed.check_apart(lambda record: record.slots, "the slot", "serves two assignments")
    return Assignments(tuple(listed.records))


def read_exclusions(document: Document, inventory: Inventory) -> Exclusions:
    """
    Read a file of kind `Exclusions`; selectors mean what they mean in assignments.

    Raises InventoryError: unknown or wrong values, ids used twice, selectors of nothing.
    """
    form = validate(ExclusionsForm, document, InventoryError)
    selecting = Selecting(document, "exclusions", inventory)
    listed = Listed(
        document,
        "exclusions",
        [_exclusion(item, slots) for item, slots in selecting.resolved(form.exclusions)],
    )
    listed.check_history()
    return Exclusions(tuple(listed.records))


def read_claims(document: Document) -> Claims:
    """
    Read a file of kind `Claims`.

    Raises InventoryError: unknown or wrong values, ids used twice, a claim that is on record before
    it was made.  Whether contract and period exist is asked in `gpusla.sla.claimable`.
    """
    form = validate(ClaimsForm, document, InventoryError)
    listed = Listed(document, "claims", [_claim(item) for item in form.claims])
    listed.check_history()
    return Claims(tuple(listed.records))


class _Common(TypedDict):
    id: str
    from_ms: int
    until_ms: int | None
    recorded_ms: int
    supersedes: str | None
    withdrawn: bool


def _common(form: RecordForm) -> _Common:
    return _Common(
        id=form.id,
        from_ms=form.start,
        until_ms=form.until,
        recorded_ms=form.recorded_at,
        supersedes=form.supersedes,
        withdrawn=form.withdrawn,
    )


def _node(form: NodeForm, site: str) -> NodeRecord:
    return NodeRecord(
        **_common(form),
        node=NodeName(form.node),
        address=form.address,
        site=site,
        rack=form.rack,
        tray=form.tray,
        sku=form.sku,
        modules=tuple(form.modules),
        keys=tuple(form.keys),
    )


def _occupancy(
    document: Document, inventory: Inventory, placed: tuple[int, OccupancyForm]
) -> OccupancyRecord:
    place, form = placed
    slot = parse_slot(form.slot) if form.slot.count("/") == 3 else None  # noqa: PLR2004
    if slot is None or slot not in inventory:
        raise InventoryError(
            UNKNOWN_REFERENCE,
            f"occupancy[{place}].slot: {form.slot!r} is no slot of this inventory",
            position=document.position(("occupancy", place, "slot")),
        )
    return OccupancyRecord(**_common(form), slot=slot, gpu=GpuUuid(form.gpu))


def _exclusion(form: ExclusionForm, slots: tuple[Slot, ...]) -> ExclusionRecord:
    return ExclusionRecord(
        **_common(form),
        slots=slots,
        contract=ContractId(form.contract),
        kind=form.kind,
        reason=form.reason,
        clause=form.clause,
        approver=form.approver,
        notice_ms=form.notice_at,
    )


def _claim(form: ClaimForm) -> ClaimRecord:
    return ClaimRecord(
        id=form.id,
        from_ms=form.claimed_at,
        until_ms=None,
        recorded_ms=form.recorded_at,
        supersedes=form.supersedes,
        withdrawn=form.withdrawn,
        contract=ContractId(form.contract),
        period=form.period,
        by=form.by,
        reference=form.reference,
        waived=form.waived,
    )
