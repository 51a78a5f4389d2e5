"""Whether a settings file and the files that it names are good, without touching anything."""

import tempfile
from pathlib import Path

from gpusla.clock import SystemClock
from gpusla_agent.app.run import watch
from gpusla_agent.assignments import Holders
from gpusla_agent.settings import read_settings


def check_settings(path: Path) -> str:
    """
    Return one line that says what was found good.

    Raises InputError for the first file that is not.
    """
    settings = read_settings(path)
    with tempfile.TemporaryDirectory() as nowhere:
        configuration = watch(settings, Path(nowhere)).current()
    at_ms = SystemClock().wall_ms()
    expected = configuration.inventory.expected(settings.node, at_ms)
    holders = Holders(settings.node)
    contracts = {holders.contract_at(configuration, one.slot, at_ms) for one in expected}
    served = ", ".join(sorted(contract for contract in contracts if contract)) or "nobody"
    return f"{path}: good: node {settings.node}, {len(expected)} GPUs expected, serving {served}"
