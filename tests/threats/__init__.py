"""Threats of docs/concepts/evidence.md, each by its id, and what holds against it."""
