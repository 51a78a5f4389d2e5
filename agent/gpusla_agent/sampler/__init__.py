"""
One step of metering: a pass over the source, the verdict on every slot, the usage of contracts.

The live agent and the simulated fleet go through the same step.
"""

from gpusla_agent.sampler.sampler import Sampled, Sampler
from gpusla_agent.sampler.usage import Holder, Usage, UsageKey

__all__ = ["Holder", "Sampled", "Sampler", "Usage", "UsageKey"]
