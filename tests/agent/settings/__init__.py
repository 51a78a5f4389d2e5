"""The agent's settings file: read, refused, and changed under a running agent."""
