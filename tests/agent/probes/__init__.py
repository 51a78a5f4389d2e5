"""From the driver's words to readings."""
