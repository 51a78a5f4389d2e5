"""The agent's server: its gate, its TLS, its peers."""
