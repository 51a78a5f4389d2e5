"""The rules of health: one line a case, and what holds for all of them."""
