"""A settings file that changes: taken as a whole, or refused with the last good one in force."""

import io
import json
from dataclasses import fields
from pathlib import Path

import pytest

from gpusla.catalogue.codes import BAD_SETTING
from gpusla.errors import SettingsError
from gpusla_agent.settings import Settings, WatchedSettings
from gpusla_agent.settings.watched import LIVE, LOOK_MS
from tests.agent.settings.test_read import FULL, LEAST, written
from tests.fakes import FakeClock

CHANGES = {
    "node": ("node: c2-r01-t03", "node: c2-r01-t04"),
    "data_directory": ("data_directory: data", "data_directory: other"),
    "inventory": ("inventory: inventory.yaml", "inventory: other.yaml"),
    "assignments": ("assignments: assignments.yaml", "assignments: other.yaml"),
    "tenants": ("tenants: {ref-2026: reflection}", "tenants: {}"),
    "host": ("listen: 0.0.0.0:9641", "listen: 127.0.0.1:9641"),
    "port": ("listen: 0.0.0.0:9641", "listen: 0.0.0.0:9642"),
    "web_config_file": ("web_config_file: web.yml", "web_config_file: other.yml"),
    "source": ("source: dcgm_exporter\ndcgm_exporter: {url: http://127.0.0.1:9400/metrics}\n", ""),
    "dcgm_exporter_url": ("9400/metrics", "9401/metrics"),
    "interval_ms": ("interval_ms: 2000", "interval_ms: 1000"),
    "valid_ms": ("valid_ms: 5000", "valid_ms: 6000"),
    "deadline_ms": ("deadline_ms: 600", "deadline_ms: 700"),
    "library_directory": ("/opt/driver", "/opt/other"),
    "telemetry": ("{ref-2026: [activity], ", "{"),
    "metrics": ("set: full", "set: default"),
    "kernel_log": ("kernel_log: {enabled: false", "kernel_log: {enabled: true"),
    "retention": ("journal: {keep_days: 90}", "journal: {keep_days: 91}"),
    "host_probes": ("imex: false", "imex: true"),
}


def events(log: io.StringIO) -> list[dict[str, str]]:
    """Return what was logged."""
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_what_did_not_change_is_the_same_object(tmp_path: Path) -> None:
    """A pass asks every second; the file is looked at every few."""
    clock = FakeClock()
    settings = WatchedSettings(written(tmp_path, LEAST), clock)
    before = settings.current()
    clock.now_ms += LOOK_MS
    assert settings.current() is before


def test_a_new_version_is_seen_after_a_few_seconds(tmp_path: Path) -> None:
    """Not at each pass, and with its own digest."""
    clock = FakeClock()
    settings = WatchedSettings(written(tmp_path, FULL), clock)
    before = settings.digest
    written(tmp_path, FULL.replace("interval_ms: 2000", "interval_ms: 1000"))
    assert settings.current().interval_ms == 2_000
    clock.now_ms += LOOK_MS
    assert settings.current().interval_ms == 1_000
    assert settings.digest != before


def test_a_signal_has_it_read_at_once(tmp_path: Path) -> None:
    """SIGHUP does not wait for the next look."""
    settings = WatchedSettings(written(tmp_path, FULL), FakeClock())
    written(tmp_path, FULL.replace("set: full", "set: default"))
    settings.ask()
    assert not settings.current().metrics.is_full


@pytest.mark.parametrize("field", CHANGES)
def test_each_setting_changes_live_or_needs_a_restart(
    tmp_path: Path, field: str, log: io.StringIO
) -> None:
    """Never half: what needs a restart is refused, named, and nothing else of the version taken."""
    clock = FakeClock()
    settings = WatchedSettings(written(tmp_path, FULL), clock)
    before = settings.current()
    old, new = CHANGES[field]
    assert FULL.count(old) == 1
    # A live change in the same version, to see that it is not taken alone.
    written(tmp_path, FULL.replace(old, new).replace("[activity, processes, job_names]", "[]"))
    clock.now_ms += LOOK_MS
    after = settings.current()
    assert settings.is_valid is (field in LIVE)
    if field in LIVE:
        assert getattr(after, field) != getattr(before, field)
        assert [one["event"] for one in events(log)] == ["settings_changed"]
    else:
        assert after is before
        (event,) = events(log)
        assert event["event"] == "settings_refused"
        assert "this cannot change under a running agent. Restart the agent" in event["cause"]
        assert f"{tmp_path}/agent.yaml:" in event["cause"]


def test_every_setting_is_either() -> None:
    """A new field has to be decided about, here and in watched.LIVE."""
    assert set(CHANGES) == {field.name for field in fields(Settings)}


def test_a_bad_version_is_logged_once_and_mended(tmp_path: Path, log: io.StringIO) -> None:
    """Counted as not valid as long as it lies there."""
    clock = FakeClock()
    settings = WatchedSettings(written(tmp_path, FULL), clock)
    before = settings.current()
    written(tmp_path, FULL.replace("interval_ms:", "intervall_ms:"))
    for _ in range(3):
        clock.now_ms += LOOK_MS
        settings.ask()
        assert settings.current() is before
        assert not settings.is_valid
    (event,) = events(log)
    assert "intervall_ms is not a known key" in event["cause"]
    written(tmp_path, FULL)
    clock.now_ms += LOOK_MS
    assert settings.current() is before
    assert settings.is_valid


def test_a_file_that_vanished_is_refused(tmp_path: Path, log: io.StringIO) -> None:
    """The agent meters on."""
    clock = FakeClock()
    path = written(tmp_path, LEAST)
    settings = WatchedSettings(path, clock)
    path.unlink()
    clock.now_ms += LOOK_MS
    assert settings.current().node == "c2-r01-t03"
    assert not settings.is_valid
    assert "No such file" in events(log)[0]["cause"]


def test_a_version_has_to_pass_what_else_is_checked(tmp_path: Path, log: io.StringIO) -> None:
    """Such as the web configuration that it names."""

    def check(settings: Settings) -> None:
        if settings.interval_ms == 1_000:
            raise SettingsError(BAD_SETTING, "not that one")

    clock = FakeClock()
    settings = WatchedSettings(written(tmp_path, FULL), clock, check)
    written(tmp_path, FULL.replace("interval_ms: 2000", "interval_ms: 1000"))
    clock.now_ms += LOOK_MS
    assert settings.current().interval_ms == 2_000
    assert "not that one" in events(log)[0]["cause"]
    with pytest.raises(SettingsError, match="not that one"):
        WatchedSettings(settings._path, clock, check)
