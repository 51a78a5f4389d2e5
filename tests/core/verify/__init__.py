"""The tenant's verifier, fed with bundles that the product's own writers made."""
