"""Incidents: one cause and everything that follows from it."""
