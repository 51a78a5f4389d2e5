"""Whether a settings file and the files that it names are good, without touching anything."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from gpusla.clock import Clock
from gpusla_agent.app.exposure import exposures
from gpusla_agent.app.run import watch
from gpusla_agent.assignments import Holders
from gpusla_agent.server import WatchedWeb
from gpusla_agent.settings import read_settings
from gpusla_agent.sources.host.redfish_client import check_redfish


def check_settings(path: Path, clock: Clock) -> Iterator[str]:
    """
    Yield one line that says what was found good, then what is good and open to others.

    Raises InputError for the first file that is not.
    """
    settings = read_settings(path)
    web = WatchedWeb(settings.web_config_file)
    if settings.host_probes.redfish is not None:
        check_redfish(settings.host_probes.redfish)
    with tempfile.TemporaryDirectory() as nowhere:
        configuration = watch(settings, Path(nowhere)).current()
    at_ms = clock.wall_ms()
    expected = configuration.inventory.expected(settings.node, at_ms)
    holders = Holders(settings.node)
    contracts = {holders.contract_at(configuration, one.slot, at_ms) for one in expected}
    served = ", ".join(sorted(contract for contract in contracts if contract)) or "nobody"
    yield f"{path}: good: node {settings.node}, {len(expected)} GPUs expected, serving {served}"
    for words in exposures(settings.host, web.form):
        yield f"{path}: warning: {words}"
