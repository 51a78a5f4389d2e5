"""
Where the agent is put together.

`machine` reads the node's clocks, `node` meters one node live, `page` is what it shows, `memory`
keeps what health remembers, `run` builds an agent from its settings and runs it; `scan` and `check`
look once.
"""
