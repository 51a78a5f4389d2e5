"""The whole product on real parts: simulated truth in, money and alerts out."""
