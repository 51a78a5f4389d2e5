"""Tests of the client of dcgm-exporter."""
