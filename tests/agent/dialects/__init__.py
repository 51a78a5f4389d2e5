"""Tests of the names of dcgm-exporter, as our own page can have them."""
