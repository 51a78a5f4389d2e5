"""The second opinion: docs/concepts/sla-engine.md once more, plainly, without the engine's code."""
