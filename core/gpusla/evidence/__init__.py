"""
Signatures and what they prove: one way to sign, the keys of a node, the grades of its evidence.

`envelope` says which bytes are signed, `ed25519` is the only file that meets cryptography, `keys`
is how keys are written down, `keyring` follows a journal's keys, `grades` says what each record of
a journal is worth.  Source: docs/concepts/evidence.md.
"""
