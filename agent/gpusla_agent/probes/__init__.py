"""
Probes: from the driver's words on one GPU to readings, one family a file.

A probe is a pure function of a raw sample.  `NUMBERS` names all that make numbers; `identity`,
`presence`, `fabric` and `xid` fill the other fields of a pass.  What a probe found is held against
`plausible` before it is a reading.  `PROBING` is all of them, as a source takes them.
"""

from gpusla_agent.probes import identity, xid
from gpusla_agent.probes.every import NUMBERS
from gpusla_agent.probes.interpreting import interpret
from gpusla_agent.probes.processes import with_names
from gpusla_agent.sources.raw import Probing

PROBING = Probing(identity.read, interpret, xid.read)

__all__ = ["NUMBERS", "PROBING", "interpret", "with_names"]
