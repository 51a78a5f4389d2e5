"""The agent on a sick tray: what breaks one GPU leaves the page and the other GPUs alone."""
