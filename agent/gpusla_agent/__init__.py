"""The agent: one node, one process, every second of every GPU accounted for."""
