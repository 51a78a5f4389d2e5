"""Commands that read or bring in what a collector keeps; `gpusla_collector.cli` names them."""
