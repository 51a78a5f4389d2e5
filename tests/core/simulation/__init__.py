"""Tests of the fleet on paper."""
