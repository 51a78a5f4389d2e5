"""The ledger: what is booked, and that it is booked once."""
