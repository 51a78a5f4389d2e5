"""
What contracts used, kept on disk: a restart of the agent must not look like a counter that fell.

The sums are written at most every ten seconds and when the agent stops, and what is shown is what
was written; so a counter never goes back, whenever the agent is killed.  A kill loses the shares of
at most ten seconds; counters of the driver go on where they were last kept, and lose nothing.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from gpusla.errors import GpuslaError
from gpusla.identity import GpuUuid
from gpusla.logs import get_logger
from gpusla_agent.sampler import Holder, Quantity, Usage, UsageKey
from gpusla_agent.sampler.usage import Counted, Last, Sums

WRITE_MS = 10_000

_log = get_logger()


class KeptUsage:
    """
    A file that holds the sums of a node.

    boot: which boot of the node this is; counters go on only within one.
    """

    def __init__(self, path: Path, boot: str) -> None:
        self._path = path
        self._boot = boot
        self._written_mono_ms: int | None = None

    def load(self, valid_ms: int, now_mono_ms: int) -> Usage:
        """Return what was kept; nothing if there is no file, or not the bytes that were written."""
        try:
            stored = json.loads(self._path.read_bytes())
            if _digest(stored["usage"]) != stored["digest"]:
                raise ValueError("its digest is not that of its bytes")  # noqa: TRY301
            return _read(json.loads(stored["usage"]), valid_ms, self._boot, now_mono_ms)
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, AttributeError, GpuslaError) as cause:
            _log.error("usage_unreadable", path=str(self._path), cause=str(cause))
        return Usage(valid_ms)

    def keep(self, usage: Usage, now_mono_ms: int, *, at_once: bool = False) -> bool:
        """
        Write the sums if they were not written for ten seconds; return whether they are on disk.

        at_once: write them in any case, such as before the agent ends.
        """
        before = self._written_mono_ms
        if not at_once and before is not None and now_mono_ms - before < WRITE_MS:
            return False
        text = json.dumps(_written(usage, self._boot, now_mono_ms))
        beside = self._path.with_suffix(".new")
        try:
            with beside.open("w") as file:
                file.write(json.dumps({"digest": _digest(text), "usage": text}))
                file.flush()
                os.fdatasync(file.fileno())
            beside.replace(self._path)
        except OSError as cause:
            _log.error("usage_unwritable", path=str(self._path), cause=str(cause))
            return False
        self._written_mono_ms = now_mono_ms
        return True


def _written(usage: Usage, boot: str, now_mono_ms: int) -> dict[str, Any]:
    return {
        "boot": boot,
        "sums": [
            [*_key(key), now_mono_ms - sums.held_mono_ms, sums.totals]
            for key, sums in usage.sums.items()
        ],
        "last": [
            [
                *_key(last.key),
                last.at_mono_ms,
                {name: [one.at_mono_ms, one.values] for name, one in last.counted.items()},
            ]
            for last in usage.last.values()
        ],
    }


def _read(stored: dict[str, Any], valid_ms: int, boot: str, now_mono_ms: int) -> Usage:
    usage = Usage(valid_ms)
    for *key, idle_ms, totals in stored["sums"]:
        sums = {Quantity(name): float(total) for name, total in totals.items()}
        usage.sums[_key_of(key)] = Sums(now_mono_ms - int(idle_ms), sums)
    for *key, at_mono_ms, counted in stored["last"] if stored["boot"] == boot else ():
        one = _key_of(key)
        usage.last[one.uuid] = Last(
            int(at_mono_ms),
            one,
            {
                Quantity(name): Counted(int(at_ms), tuple(map(float, values)))
                for name, (at_ms, values) in counted.items()
            },
        )
    return usage


def _key(key: UsageKey) -> tuple[str, int, str, str]:
    return key.uuid, key.index, key.holder.contract, key.holder.tenant


def _key_of(stored: list[Any]) -> UsageKey:
    uuid, index, contract, tenant = stored
    return UsageKey(GpuUuid(uuid), int(index), Holder(str(contract), str(tenant)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
