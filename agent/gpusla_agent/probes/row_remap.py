"""Memory rows that spare ones stand in for, and how many spare rows the banks have left."""

from collections.abc import Mapping
from typing import Any

from gpusla.readings import Absent
from gpusla_agent.probes.probe import Found, Number, Part, Probe, all_of

_BANKS = (
    "remap_banks_max",
    "remap_banks_high",
    "remap_banks_partial",
    "remap_banks_low",
    "remap_banks_none",
)


def _banks(values: Mapping[str, Any]) -> Mapping[str, Found]:
    found = all_of(values, "remap_banks", len(_BANKS))
    if isinstance(found, Absent):
        return dict.fromkeys(_BANKS, found)
    return dict(zip(_BANKS, found, strict=True))


PROBE = Probe(
    "row_remap",
    (
        Part(
            "health_fields",
            (Number("remap_pending", "remap_pending"), Number("remap_failed", "remap_failed")),
        ),
        Part(
            "slow_fields",
            (
                Number("rows_remapped_corrected", "rows_remapped_corrected"),
                Number("rows_remapped_uncorrected", "rows_remapped_uncorrected"),
            ),
        ),
        Part("repair", derived=_BANKS, derive=_banks),
    ),
)
