"""A running agent whose files change: what it takes in, refuses, and writes down."""

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gpusla.documents import digest
from gpusla.journal.codec import decode
from gpusla.journal.model import ConfigurationChanged, Observed
from gpusla_agent import standin
from tests.agent.processes import AgentProcess, write_settings
from tests.agent.server.stage import hashed
from tests.conftest import ROOT

PATIENCE_SECONDS = 10


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A settings file over the stand-in."""
    return write_settings(tmp_path, standin.build(ROOT / ".cache" / "standin"))


def wait_for(agent: AgentProcess, is_so: Callable[[str], bool]) -> str:
    """Return the first page of metrics of which something is so."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        page = agent.get("/metrics")[0].decode()
        if is_so(page):
            return page
    message = "it did not come to be"
    raise AssertionError(message)


def validity(page: str) -> dict[str, str]:
    """Return which subject is in force in its newest version."""
    start = "gpusla_agent_configuration_valid{"
    lines = [line for line in page.splitlines() if line.startswith(start)]
    return {line.split('"')[1]: line.split()[-1] for line in lines}


def test_a_hangup_has_new_settings_taken_or_refused(settings: Path) -> None:
    """A tenant's name changes on the page; a node's is refused; both are seen and journalled."""
    agent = AgentProcess(settings)
    wait_for(agent, lambda page: 'tenant="reflection"' in page)
    good = settings.read_text().replace("reflection", "renamed")
    settings.write_text(good)
    agent.process.send_signal(signal.SIGHUP)
    page = wait_for(agent, lambda page: 'tenant="renamed"' in page)
    assert validity(page) == {"assignments": "1.0", "inventory": "1.0", "settings": "1.0"}

    settings.write_text(good.replace("node: c2-r01-t03", "node: c2-r01-t04"))
    agent.process.send_signal(signal.SIGHUP)
    page = wait_for(agent, lambda page: validity(page)["settings"] == "0.0")
    assert 'tenant="renamed"' in page

    told = [decode(line)[1] for line in agent.look().lines]
    changed = [one.digest for one in told if isinstance(one, ConfigurationChanged)]
    assert digest(good.encode()) in changed
    agent.process.terminate()
    assert agent.wait() == 0


def test_a_shorter_interval_makes_no_more_records(tmp_path: Path) -> None:
    """Ten passes a second that agree share a record, as after a start with that interval."""
    library = standin.build(ROOT / ".cache" / "standin")
    settings = write_settings(tmp_path, library, interval_ms="1000")
    agent = AgentProcess(settings)
    settings.write_text(settings.read_text().replace("interval_ms: 1000", "interval_ms: 100"))
    agent.process.send_signal(signal.SIGHUP)
    until = time.monotonic() + PATIENCE_SECONDS
    samples = 0
    while samples < 5 and time.monotonic() < until:
        told = [decode(line)[1] for line in agent.look().lines]
        samples = max((one.samples for one in told if isinstance(one, Observed)), default=0)
    assert samples >= 5
    agent.process.terminate()
    assert agent.wait() == 0


def test_users_are_asked_for_as_soon_as_the_settings_say_so(settings: Path) -> None:
    """The web configuration is a setting that changes live, and it is a subject of its own."""
    agent = AgentProcess(settings)
    wait_for(agent, lambda page: "gpusla_agent_info" in page)
    web = settings.with_name("web.yml")
    web.write_text(f"basic_auth_users: {{prometheus: '{hashed('secret')}'}}\n")
    settings.write_text(settings.read_text() + "web_config_file: web.yml\n")
    agent.process.send_signal(signal.SIGHUP)
    until = time.monotonic() + PATIENCE_SECONDS
    refused = ""
    while not refused and time.monotonic() < until:
        try:
            agent.get("/metrics")
        except OSError as refusal:
            refused = str(refusal)
    assert "401" in refused
    agent.process.terminate()
    assert agent.wait() == 0


def test_an_agent_that_is_open_to_the_network_says_so(tmp_path: Path) -> None:
    """In its log, at the start, in words for each thing that is missing."""
    library = standin.build(ROOT / ".cache" / "standin")
    agent = AgentProcess(write_settings(tmp_path, library, listen="0.0.0.0:0"))
    agent.process.terminate()
    assert agent.process.stderr is not None
    words = agent.process.stderr.read()
    assert agent.wait() == 0
    warnings = [
        json.loads(line)["detail"] for line in words.splitlines() if b"pages_exposed" in line
    ]
    assert warnings == [
        "pages on 0.0.0.0 go over the network unencrypted: no tls_server_config",
        "whoever reaches 0.0.0.0 sees every page: neither client certificates nor users",
    ]
