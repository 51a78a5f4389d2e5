"""
Who is who: slots, nodes, domains, GPUs, contracts, tenants.

A slot is a place for a GPU and keeps its identity when the GPU in it is replaced; states and
contracts are about slots.  Written `site/rack/tray/module`, for example `c2/r01/t03/m2`.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NewType

from gpusla.catalogue.codes import WRONG_TYPE
from gpusla.errors import InputError

NodeName = NewType("NodeName", str)
GpuUuid = NewType("GpuUuid", str)
DomainId = NewType("DomainId", str)
ContractId = NewType("ContractId", str)
TenantId = NewType("TenantId", str)

IDENTIFIER = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""What an id may look like; safe in a path, a label and a URL."""

SLOTS_KNOWN = 2**17
"""So many names are taken apart once, not for each record; 100,000 GPUs have as many."""


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A place for a GPU.  Ordered by site, rack, tray and module."""

    site: str
    rack: str
    tray: str
    module: str

    def __str__(self) -> str:
        return f"{self.site}/{self.rack}/{self.tray}/{self.module}"

    @property
    def domain(self) -> DomainId:
        """The rack the slot stands in: its NVLink domain on an NVL72."""
        return DomainId(f"{self.site}/{self.rack}")


@lru_cache(maxsize=SLOTS_KNOWN)
def parse_slot(text: str) -> Slot:
    """
    Read `site/rack/tray/module`.

    Raises InputError if text has not four parts or a part is not an identifier.
    """
    parts = text.split("/")
    if len(parts) != 4 or not all(IDENTIFIER.fullmatch(part) for part in parts):  # noqa: PLR2004
        raise InputError(
            WRONG_TYPE,
            f"slot {text!r} is not of the form site/rack/tray/module",
            fix="Write it like c2/r01/t03/m2, in lower case letters, digits and hyphens.",
        )
    return Slot(*parts)
