"""The subcommands of `gpusla` that a base install has; each module brings one Typer app."""
