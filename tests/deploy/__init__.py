"""What is installed beside the product: units, a Prometheus, a compose file."""
