"""Parity: queues by a slow twin, chance by simulation, secrets by walking all that is told."""
