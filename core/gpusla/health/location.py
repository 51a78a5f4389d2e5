"""Which GPU sits in which slot."""

from collections import Counter
from collections.abc import Mapping, Sequence

from gpusla.identity import GpuUuid, Slot
from gpusla.readings import Expected, GpuReadings


def locate(
    expected: Sequence[Expected], gpus: Mapping[GpuUuid, GpuReadings]
) -> dict[Slot, GpuReadings | None]:
    """
    Return for every expected slot the GPU in it, None if there is none that is known to be.

    A GPU that the inventory names is found by its UUID; otherwise the module id says what sits
    where, so a GPU that was replaced is found before the inventory was told.
    """
    located = {one.slot: gpus.get(one.uuid) if one.uuid else None for one in expected}
    if all(gpu is not None for gpu in located.values()):
        return located
    named = {one.uuid for one in expected if one.uuid is not None}
    counts = Counter(gpu.identity.module_id for gpu in gpus.values())
    by_module = {
        gpu.identity.module_id: gpu
        for gpu in gpus.values()
        if counts[gpu.identity.module_id] == 1 and gpu.identity.uuid not in named
    }
    located = {one.slot: located[one.slot] or by_module.get(one.module_id) for one in expected}
    empty = [slot for slot, gpu in located.items() if gpu is None]
    unplaced = _unplaced(located, gpus)
    if len(empty) == len(unplaced) == 1:  # A GPU that was lost before it could say where it sits.
        located[empty[0]] = unplaced[0]
    return located


def has_unplaced(
    located: Mapping[Slot, GpuReadings | None], gpus: Mapping[GpuUuid, GpuReadings]
) -> bool:
    """Return whether the driver lists a GPU that may sit in any slot, for all we know."""
    return bool(_unplaced(located, gpus))


def _unplaced(
    located: Mapping[Slot, GpuReadings | None], gpus: Mapping[GpuUuid, GpuReadings]
) -> list[GpuReadings]:
    placed = {gpu.identity.uuid for gpu in located.values() if gpu is not None}
    counts = Counter(gpu.identity.module_id for gpu in gpus.values())
    return [
        gpu
        for uuid, gpu in gpus.items()
        if uuid not in placed
        and (gpu.identity.module_id is None or counts[gpu.identity.module_id] > 1)
    ]
