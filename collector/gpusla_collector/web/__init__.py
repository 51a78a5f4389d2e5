"""What others read over HTTP: metrics, health, targets for Prometheus."""
