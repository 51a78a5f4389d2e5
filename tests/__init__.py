"""Tests: they mirror the packages, and hold the repository to its own rules."""
