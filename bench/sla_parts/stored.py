"""A month and its claims as a file, so that whoever judges them need not have made them."""

import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.timeline.columns import ClaimColumns
from sla_parts.claims import CONDITIONS, claims_of
from sla_parts.facts import period, slots_of
from sla_parts.month import Fleet, Month, Told, columns_of, draw

_CLAIMS = ("slot", "start_ms", "end_ms", "condition", "other", "error_ms", "witness")


@dataclass(frozen=True, slots=True, eq=False)
class Input:
    """What is judged: a month, its slots and what is claimed of them."""

    month: Month
    slots: tuple[Slot, ...]
    claims: ClaimColumns


def save(month: Month, file: Path) -> None:
    """Write a month and its claims."""
    scale = np.array([month.racks, month.reach.start_ms, month.reach.end_ms, month.sample_ms])
    claims = claims_of(month, slots_of(month.racks))
    columns = {f"claims.{name}": getattr(claims, name) for name in _CLAIMS}
    arrays: dict[str, Any] = {"scale": scale, **dict(columns_of(month)), **columns}
    np.savez(file, **arrays)


def load(file: Path) -> Input:
    """Return what a file holds."""
    with np.load(file) as stored:
        racks, start_ms, end_ms, sample_ms = (int(number) for number in stored["scale"])
        values: dict[str, Any] = {
            field.name: Told(*(stored[f"{field.name}.{inner.name}"] for inner in fields(Told)))
            if f"{field.name}.gpu" in stored
            else stored[field.name]
            for field in fields(Month)
            if field.name not in {"racks", "reach", "sample_ms"}
        }
        month = Month(racks, Interval(start_ms, end_ms), sample_ms, **values)
        slots = slots_of(racks)
        claims = ClaimColumns(slots, CONDITIONS, *(stored[f"claims.{name}"] for name in _CLAIMS))
    return Input(month, slots, claims)


def main() -> int:
    """Draw a month and store it: `python -m sla_parts.stored SEED RACKS FACTOR HAS_GAPS FILE`."""
    seed, racks, factor, has_gaps = (int(word) for word in sys.argv[1:5])
    fleet = Fleet(racks, factor, has_gaps=bool(has_gaps))
    save(draw(fleet, seed, period().interval), Path(sys.argv[5]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
