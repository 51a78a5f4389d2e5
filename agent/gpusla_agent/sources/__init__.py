"""Where GPU readings come from: `base` is the port, each other module one way in."""
