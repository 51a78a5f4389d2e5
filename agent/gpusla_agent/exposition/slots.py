"""The slots of a node: what is where, in which state, why, and what to do."""

from collections.abc import Iterator

from gpusla.catalogue import metrics as rows
from gpusla.catalogue.actions import Action
from gpusla.catalogue.reasons import State
from gpusla.identity import NodeName
from gpusla_agent.exposition.block import Block, Sample
from gpusla_agent.exposition.views import NodeView, SlotView


def slots(view: NodeView) -> Iterator[Block]:
    """Yield what the page says of slots."""
    judged = [(str(one.slot), one.condition) for one in view.slots if one.condition is not None]
    yield rows.SLOT_INFO, [(_info(view.node, one), 1) for one in view.slots]
    yield (
        rows.SLOT_STATE,
        [
            ((slot, state), condition.state is state)
            for slot, condition in judged
            for state in State
        ],
    )
    yield rows.SLOT_STATE_SECONDS, list(_state_seconds(view))
    yield (
        rows.SLOT_REASON,
        [
            ((slot, reason), 1)
            for slot, condition in judged
            for reason in sorted({finding.reason for finding in condition.findings})
        ],
    )
    yield (
        rows.SLOT_ACTION,
        [((str(one.slot), one.action), 1) for one in view.slots if one.action is not Action.NONE],
    )


def _state_seconds(view: NodeView) -> Iterator[Sample]:
    for slot in sorted({one.slot for one in view.slots} | {slot for slot, _ in view.state_ms}):
        name = str(slot)
        for state in State:
            yield (name, state), view.state_ms.get((slot, state), 0) / 1_000


def _info(node: NodeName, one: SlotView) -> tuple[str, ...]:
    slot, gpu = one.slot, one.gpu
    return (
        str(slot),
        node,
        slot.site,
        slot.rack,
        slot.tray,
        slot.module,
        slot.domain,
        gpu.uuid if gpu else "",
        str(gpu.index) if gpu else "",
        one.sku,
        one.contract,
        one.tenant,
    )
