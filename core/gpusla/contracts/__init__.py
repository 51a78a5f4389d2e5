"""
What was promised: contracts as files and as values.

`model` says what a contract is, `schema` what its file may hold, `load` reads the one from the
other and names every contradiction with its place.
"""
