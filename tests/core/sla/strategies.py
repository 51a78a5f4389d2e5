"""Cases for Hypothesis, made of the same pieces as those of the seeded generator."""

from hypothesis import strategies as st

from tests.reference.generator import Generated, generate


def generated_cases() -> st.SearchStrategy[Generated]:
    """Contracts and stories that Hypothesis can make smaller, choice by choice."""
    return st.randoms(use_true_random=False).map(generate)
