"""`gpusla contract`: check, compare and try contract files before anybody is judged by them."""

import typer

from gpusla.commands.contract.check import check
from gpusla.commands.contract.diff import diff
from gpusla.commands.contract.new import new
from gpusla.commands.contract.rights import rights
from gpusla.commands.contract.sign import sign
from gpusla.commands.contract.simulate import simulate
from gpusla.commands.group import COMMON

app = typer.Typer(help="Check, compare and try contract files.", **COMMON)
for command in (new, check, diff, simulate, rights, sign):
    app.command()(command)
