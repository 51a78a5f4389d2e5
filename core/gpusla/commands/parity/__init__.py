"""`gpusla parity`: whether one customer is served worse than another, and who may know what."""

import typer

from gpusla.commands.group import COMMON
from gpusla.commands.parity.report import report
from gpusla.commands.parity.verdict import verdict
from gpusla.commands.parity.verify import verify

app = typer.Typer(help="Say whether one customer is served worse than another.", **COMMON)
for command in (report, verdict, verify):
    app.command()(command)
