"""Tests of the code itself: who imports whom, its shape, its names, its dependencies."""
