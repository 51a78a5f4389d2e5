"""What may be known of who holds a slot: the policy, over the assignments in force."""

from collections.abc import Callable

from gpusla.identity import NodeName, Slot
from gpusla_agent.assignments import ConfigurationSource, Holders
from gpusla_agent.sampler import Consents, Holder, TelemetryPolicy


def consents_of(
    node: NodeName, configuration: ConfigurationSource, policy: Callable[[], TelemetryPolicy]
) -> Callable[[Slot, int], Consents]:
    """
    Return what gives the consents of who holds a slot of the node at an instant.

    policy: gives the policy of the moment, so that a withdrawal holds from the next pass on.
    """
    holders = Holders(node)

    def found(slot: Slot, wall_ms: int) -> Consents:
        contract = holders.contract_at(configuration.current(), slot, wall_ms)
        return policy().consents_of(Holder(contract or ""))

    return found
