"""The settings file: every key has its place, and what cannot be honoured is a sentence."""

from pathlib import Path

import pytest

from gpusla.catalogue.consent import Consent
from gpusla.errors import SettingsError
from gpusla_agent.settings import MetricsSettings, read_settings

# ruff: noqa: E501  (a promised sentence stands as it is told)

LEAST = """\
apiVersion: gpusla/v1
kind: Agent
node: c2-r01-t03
data_directory: data
inventory: inventory.yaml
"""
FULL = (
    LEAST
    + """\
assignments: assignments.yaml
tenants: {ref-2026: reflection}
listen: 0.0.0.0:9641
web_config_file: web.yml
source: dcgm_exporter
dcgm_exporter: {url: http://127.0.0.1:9400/metrics}
interval_ms: 2000
valid_ms: 5000
nvml: {deadline_ms: 600, library_directory: /opt/driver}
telemetry: {ref-2026: [activity], house-lab: [activity, processes, job_names]}
metrics: {set: full, dcgm_dialects: [4.8, "4.9"]}
kernel_log: {enabled: false, path: /dev/kmsg}
journal: {keep_days: 90}
host:
  enabled: true
  imex: false
  redfish: {address: https://10.0.0.1, credentials_file: bmc.txt, ca_file: bmc.pem}
"""
)


def written(folder: Path, text: str) -> Path:
    """Write a settings file."""
    path = folder / "agent.yaml"
    path.write_text(text)
    return path


def test_the_least_file_has_careful_defaults(tmp_path: Path) -> None:
    """Loopback, nothing beyond capacity, the default series, no controller."""
    settings = read_settings(written(tmp_path, LEAST))
    assert (settings.host, settings.port) == ("127.0.0.1", 9641)
    assert settings.telemetry == {}
    assert settings.metrics == MetricsSettings(is_full=False, dcgm_dialects=())
    assert settings.kernel_log.is_enabled
    assert settings.kernel_log.path == Path("/dev/kmsg")
    assert settings.host_probes.redfish is None
    assert settings.web_config_file is None


def test_every_key_is_taken(tmp_path: Path) -> None:
    """With paths beside the file."""
    settings = read_settings(written(tmp_path, FULL))
    assert settings.web_config_file == tmp_path / "web.yml"
    assert settings.dcgm_exporter_url == "http://127.0.0.1:9400/metrics"
    assert settings.telemetry["house-lab"] == set(Consent)  # type: ignore[index]
    assert settings.metrics == MetricsSettings(is_full=True, dcgm_dialects=("4.8", "4.9"))
    assert settings.host_probes.redfish is not None
    assert settings.host_probes.redfish.certificate_authority == tmp_path / "bmc.pem"
    assert not settings.host_probes.is_imex_asked


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("listen: :9641", "listen: ':9641' is not an address to listen on. Write it like 127.0.0.1:9641. [GS1010]"),
        ("listen: 9641", "listen: 9641 is not an address to listen on. Write it like 127.0.0.1:9641. [GS1010]"),
        ("source: dcgm_exporter", "source: it is not said where the dcgm-exporter is. Add dcgm_exporter: {url: http://127.0.0.1:9400/metrics}. [GS1301]"),
        ("source: simulated", "source: 'simulated' is no source of an agent that meters hardware. Run `gpusla-agent simulate` with a file of kind SimulatedFleet. [GS1301]"),
        ("dcgm_exporter: {url: http://a:9400/metrics}", "dcgm_exporter: a dcgm-exporter is named and the source is nvml, so it is never read. Write source: dcgm_exporter, or remove it. [GS1301]"),
        ("dcgm_exporter: {url: file:///etc/passwd}", "dcgm_exporter.url: this is not the address of a page. Write it like http://127.0.0.1:9400/metrics, without a name or a password in it. [GS1301]"),
        ("dcgm_exporter: {url: http://me:secret@a/metrics}", "dcgm_exporter.url: this is not the address of a page. Write it like http://127.0.0.1:9400/metrics, without a name or a password in it. [GS1301]"),
        ("telemetry: {ref-2026: [capacity]}", "telemetry.ref-2026[0]: 'capacity' is not allowed. Write 'activity', 'processes' or 'job_names'. [GS1010]"),
        ("telemetry: {REF: [activity]}", "telemetry.REF: 'REF' is not an identifier. Use lower case letters, digits and hyphens, at most 63, such as r01-t03. [GS1010]"),
        ("telemetry: {ref-2026: [job_names]}", "telemetry.ref-2026: names of jobs are read of processes, and processes are not agreed. Add processes, or remove job_names. [GS1301]"),
        ("metrics: {set: all}", "metrics.set: 'all' is not allowed. Write 'default' or 'full'. [GS1010]"),
        ("metrics: {dcgm_dialects: [3.3]}", "metrics.dcgm_dialects[0]: '3.3' is not allowed. Write '4.8' or '4.9'. [GS1010]"),
        ("host: {redfish: {address: 'http://10.0.0.1', credentials_file: a}}", "host.redfish.address: a password would go over the network unprotected. Write https:// and name the authority with ca_file. [GS1301]"),
        ("host: {enabled: false, redfish: {address: 'https://10.0.0.1', credentials_file: a}}", "host.redfish: the controller is never asked while host.enabled is false. Remove one of the two. [GS1301]"),
        ("valid_ms: 1000", "valid_ms: a sample is valid for 1000 ms and the next comes after 1000 ms or a little more, so time between would be unknown. Make valid_ms at least 2000, twice interval_ms. [GS1301]"),
        ("valid_ms: 1999", "valid_ms: a sample is valid for 1999 ms and the next comes after 1000 ms or a little more, so time between would be unknown. Make valid_ms at least 2000, twice interval_ms. [GS1301]"),
        ("kernel_log: {enable: true}", "kernel_log.enable is not a known key. Write 'enabled' if that is meant, or remove it. [GS1008]"),
    ],
)  # fmt: skip
def test_what_cannot_be_honoured_is_refused(tmp_path: Path, line: str, sentence: str) -> None:
    """The whole sentence."""
    with pytest.raises(SettingsError) as caught:
        read_settings(written(tmp_path, f"{LEAST}{line}\n"))
    told = str(caught.value)
    assert told.split(": ", 1)[1] == sentence
    assert told.startswith(f"{tmp_path}/agent.yaml:6:")


def test_a_controller_on_this_host_may_be_asked_in_the_clear(tmp_path: Path) -> None:
    """As a proxy to it listens there."""
    text = f"{LEAST}host: {{redfish: {{address: 'http://127.0.0.1:8080', credentials_file: a}}}}\n"
    redfish = read_settings(written(tmp_path, text)).host_probes.redfish
    assert redfish is not None
    assert redfish.url == "http://127.0.0.1:8080"


def test_a_longer_interval_than_half_of_what_is_valid_by_default_is_refused(tmp_path: Path) -> None:
    """The sentence names the key that the file has not, and stands at the one that it has."""
    with pytest.raises(SettingsError) as caught:
        read_settings(written(tmp_path, f"{LEAST}interval_ms: 2000\n"))
    assert str(caught.value) == (
        f"{tmp_path}/agent.yaml:6:14: interval_ms: a sample is valid for 2500 ms and the next comes "
        "after 2000 ms or a little more, so time between would be unknown. Make valid_ms at least "
        "4000, twice interval_ms. [GS1301]"
    )


@pytest.mark.parametrize(("interval_ms", "valid_ms"), [(1_000, 2_000), (60_000, 120_000)])
def test_a_sample_may_be_valid_for_just_two_intervals(
    tmp_path: Path, interval_ms: int, valid_ms: int
) -> None:
    """One pass may be late by all of an interval."""
    text = f"{LEAST}interval_ms: {interval_ms}\nvalid_ms: {valid_ms}\n"
    assert read_settings(written(tmp_path, text)).valid_ms == valid_ms
