"""Spans and timelines: the algebra, the fold, the cover without gaps."""
