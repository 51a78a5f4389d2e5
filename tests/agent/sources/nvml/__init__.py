"""The way to the driver: what is asked, when, and what is made of the answers."""
