"""
The tenant's verifier: whether anything in a bundle, a PDF's attachment or a statement was changed.

A second reading of docs/reference/bundle.md that shares no code with what writes bundles, needs
`cryptography` alone, opens no connection, and is at most 800 lines, to be read before it is used.
"""
