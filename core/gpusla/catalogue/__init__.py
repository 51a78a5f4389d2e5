"""The one place where names are written: metrics, alerts, error codes, states and reasons."""
