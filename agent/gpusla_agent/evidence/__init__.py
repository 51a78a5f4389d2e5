"""The node's own key: made at its first start, kept in a file, replaced by one that it endorses."""

from gpusla_agent.evidence.files import KEY_FILE, NEXT_FILE
from gpusla_agent.evidence.node_keys import NodeKeys

__all__ = ["KEY_FILE", "NEXT_FILE", "NodeKeys"]
