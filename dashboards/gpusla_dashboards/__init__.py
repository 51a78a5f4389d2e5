"""Dashboards as code: built from the catalogue, written as JSON, published as files."""
