"""Ten thousand ways to change what was signed, and the verifier's word on each."""
