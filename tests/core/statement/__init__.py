"""Statements: figures, sentences, digests."""
