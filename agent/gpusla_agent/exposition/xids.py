"""
Xid errors as counters: by class from zero on, by number from the first one on.

The counts come from the journal, so they survive a restart of the agent.
"""

from collections.abc import Iterator

from gpusla.catalogue import metrics as rows
from gpusla.catalogue.xids import XIDS, Scope
from gpusla.identity import GpuUuid
from gpusla_agent.exposition.block import Block, Sample
from gpusla_agent.exposition.views import NodeView

CLASSES = ("application", "hardware", "nvlink", "other")

NUMBERS_SHOWN_MAX = 4
"""Numbers of one GPU that have series of their own: those seen last."""

_BY_SCOPE = {
    Scope.PROCESS: "application",
    Scope.NVLINK: "nvlink",
    Scope.GPU: "hardware",
    Scope.MEMORY: "hardware",
    Scope.POWER: "hardware",
    Scope.NODE: "hardware",
}
# Their scope says what they cost, which is nothing; these say what they are about.
_APPLICATION = frozenset({43})
_HARDWARE = frozenset({63, 92, 93, 121, 123, 157, 160, 161})


def class_of(xid: int) -> str:
    """Return what an Xid is about, one of CLASSES; a number that nobody knows is other."""
    if xid in _APPLICATION:
        return "application"
    if xid in _HARDWARE:
        return "hardware"
    return _BY_SCOPE.get(XIDS[xid].scope, "other") if xid in XIDS else "other"


def xids(view: NodeView) -> Iterator[Block]:
    """
    Yield what the page says of Xids, of every GPU whose Xids are recorded.

    A GPU that fell off the bus keeps its counts: they would be missed when they matter.  One that
    sits in no slot of ours has none, because a zero would be false.
    """
    gpus = [(identity.uuid, str(identity.index)) for identity in view.occupants]
    yield rows.GPU_XID_CLASS_EVENTS, [one for gpu in gpus for one in _classes(view, *gpu)]
    shown = [(*gpu, xid) for gpu in gpus for xid in _shown(view, gpu[0])]
    yield (
        rows.GPU_XID_EVENTS,
        [((uuid, index, str(xid)), view.xid_counts[uuid, xid]) for uuid, index, xid in shown],
    )
    yield (
        rows.GPU_XID_LAST_SEEN,
        [
            ((uuid, index, str(xid)), view.xid_last_wall_ms[uuid, xid] / 1_000)
            for uuid, index, xid in shown
            if (uuid, xid) in view.xid_last_wall_ms
        ],
    )


def _classes(view: NodeView, uuid: GpuUuid, index: str) -> Iterator[Sample]:
    counts = dict.fromkeys(CLASSES, 0)
    for (counted, xid), count in view.xid_counts.items():
        if counted == uuid:
            counts[class_of(xid)] += count
    for name, count in counts.items():
        yield (uuid, index, name), count


def _shown(view: NodeView, uuid: GpuUuid) -> list[int]:
    seen = [xid for counted, xid in view.xid_counts if counted == uuid]
    seen.sort(key=lambda xid: (view.xid_last_wall_ms.get((uuid, xid), 0), xid))
    return sorted(seen[-NUMBERS_SHOWN_MAX:])
