"""Whether GPUs in confidential mode take work; the worker asks nothing where the mode is off."""

from gpusla_agent.probes.probe import Number, Part, Probe

_READY = "confidential_computing_ready"

PROBE = Probe("confidential_computing", (Part("limits", (Number(_READY, _READY),)),))
