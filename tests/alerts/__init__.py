"""The rules and the routes that ship in alerts/."""
