"""Grafana's pages: what is built, what Prometheus answers to it, how it is published."""
