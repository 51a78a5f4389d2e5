"""Tests of what readings and events come from."""
