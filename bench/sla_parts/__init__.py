"""What `bench/sla.py` is made of: a month of a fleet, those who judge it, and what they say."""
