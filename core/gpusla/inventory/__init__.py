"""
What should exist, who holds it, which time was agreed not to count, which credits were asked for.

`model` says what a record is, `load` reads the four kinds of files, `registry` answers questions
about records and merges new files into what was already taken in.  Everything is bitemporal: when
something is so (`from_ms`, `until_ms`) and when it was put on record (`recorded_ms`).
"""
