"""One file a verb, or one folder: what the collector does, on ports and pure functions alone."""
