"""A seeded deterministic simulation of agents, collectors, scheduler, ledger and outbox."""
