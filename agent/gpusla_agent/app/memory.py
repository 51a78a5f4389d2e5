"""What health remembers, kept on disk: a restart of the agent must not heal a GPU."""

import json
import os
from pathlib import Path

from gpusla.errors import GpuslaError
from gpusla.health import Memory, SlotMemory
from gpusla.logs import get_logger

_log = get_logger()


class KeptMemory:
    """A file that holds the memory of one boot of the node."""

    def __init__(self, path: Path, boot: str) -> None:
        self._path = path
        self._boot = boot
        self._written: list[tuple[object, ...]] | None = None

    def load(self) -> Memory:
        """Return what was kept in this boot; empty after another one, which resets every GPU."""
        try:
            stored = json.loads(self._path.read_bytes())
            if stored["boot"] == self._boot:
                # Agents up to 0.1 wrote the slots alone; an update must not heal a GPU either.
                return Memory.from_json(stored["memory"] if "memory" in stored else stored["slots"])
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, AttributeError, GpuslaError) as cause:
            _log.error("health_memory_unreadable", path=str(self._path), cause=str(cause))
        return Memory()

    def keep(self, memory: Memory) -> None:
        """Write the memory if it says something new of faults that last."""
        lasting = [(slot, *_lasting(one)) for slot, one in memory.slots.items()]
        if lasting == self._written:
            return
        content = json.dumps({"boot": self._boot, "memory": memory.to_json()})
        beside = self._path.with_suffix(".new")
        try:
            with beside.open("w") as file:
                file.write(content)
                file.flush()
                os.fdatasync(file.fileno())
            beside.replace(self._path)
        except OSError as cause:
            _log.error("health_memory_unwritable", path=str(self._path), cause=str(cause))
            return
        self._written = lasting


def _lasting(memory: SlotMemory) -> tuple[object, ...]:
    """Return what must not be lost; counters and clocks change at every pass."""
    held = [hold.finding for hold in memory.holds]
    return memory.uuid, memory.fatal, memory.is_interrupted, memory.standing, held
