"""One file a verb: what the collector does, on ports and pure functions alone."""
