"""Bad files through the real commands."""
