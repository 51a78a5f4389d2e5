"""
The tenant's verifier: whether anything in a bundle, or in a PDF's attachment, was changed.

A second reading of docs/reference/bundle.md that shares no code with what writes bundles.  It needs
`cryptography` and nothing else, opens no connection, and is at most 800 lines, so that whoever
relies on it can read it first.  `python -m gpusla.verify FILE` is `gpusla verify FILE`.
"""
