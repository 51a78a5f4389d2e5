"""One way to sign, the keys of a node, the grades of its evidence."""
