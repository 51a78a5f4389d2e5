"""The collector: holds the account of every GPU against the contract it serves."""
