"""Contracts: what is read, and the sentence that refuses the rest."""
