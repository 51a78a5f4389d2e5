"""
Where the agent is put together.

`machine` reads the node's clocks, `node` meters one node live, `memory` keeps what health
remembers, `run` builds an agent from its settings and runs it.
"""
