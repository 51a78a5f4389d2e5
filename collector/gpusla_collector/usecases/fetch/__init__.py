"""Fetching journals: a round is in `journals`, made of pages, of flights and of pace."""
