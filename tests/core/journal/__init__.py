"""The journal's bytes: frozen vectors, refusals and laws."""
