"""What the collector touches: the database, files of evidence, agents, Prometheus."""
