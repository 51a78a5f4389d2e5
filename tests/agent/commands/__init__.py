"""The agent's commands, as an operator types them."""
