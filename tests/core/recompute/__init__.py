"""Tests of recomputing a bundle."""
