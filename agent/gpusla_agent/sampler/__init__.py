"""
One step of metering: a pass over the source, the verdict on every slot, the usage of contracts.

The live agent and the simulated fleet go through the same step.
"""

from gpusla_agent.sampler.consent import CAPACITY, EVERYTHING, Consents, TelemetryPolicy
from gpusla_agent.sampler.holder import Holder
from gpusla_agent.sampler.sampler import Sampled, Sampler, everything
from gpusla_agent.sampler.usage import Quantity, Usage, UsageKey

__all__ = [
    "CAPACITY",
    "EVERYTHING",
    "Consents",
    "Holder",
    "Quantity",
    "Sampled",
    "Sampler",
    "TelemetryPolicy",
    "Usage",
    "UsageKey",
    "everything",
]
