"""Tests of strict YAML and its checks."""
