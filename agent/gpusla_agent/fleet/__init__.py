"""
A fleet on paper as one process: `gpusla-agent simulate --config FILE`.

Every node has a journal of its own, goes through the sampler and the recorder of a real agent and
is served under `/nodes/<node>`.  `settings` is the files, `node` one node, `control` the faults
that come and go while it runs, `fleet` the whole.
"""

from gpusla_agent.fleet.fleet import Fleet, run_fleet
from gpusla_agent.fleet.settings import FleetSettings, read_fleet_settings

__all__ = ["Fleet", "FleetSettings", "read_fleet_settings", "run_fleet"]
