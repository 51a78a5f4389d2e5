"""What `gpusla-agent record` does: the driver of this node, asked for a while, into one file."""

from collections.abc import Set as AbstractSet
from pathlib import Path

from gpusla.catalogue.consent import Consent
from gpusla.clock import Clock
from gpusla_agent.app.record import Recording, Terms, listed_uuids, record
from gpusla_agent.probes import PROBING
from gpusla_agent.sources.nvml import NvmlSource


def record_node(
    clock: Clock,
    path: Path,
    seconds: float,
    consents: AbstractSet[Consent],
    *,
    library_directory: Path | None = None,
    is_synthetic: bool = False,
    note: str = "",
) -> Recording:
    """
    Record this node into path, beside a running agent or without, no settings needed.

    consents: what may be read and written beside capacity.  Raises InputError if the file cannot
    be written.
    """
    source = NvmlSource(clock, PROBING, library_directory=library_directory)
    try:
        allowed = frozenset({Consent.CAPACITY, *consents})
        source.allow(dict.fromkeys(listed_uuids(source.listed), allowed))
        terms = Terms(consents=allowed, is_synthetic=is_synthetic, note=note)
        return record(source, clock, path, seconds, terms)
    finally:
        source.close()
