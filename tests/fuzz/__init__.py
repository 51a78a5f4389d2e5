"""Tests of the fuzzing, and by it."""
