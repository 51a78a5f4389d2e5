"""The compose file and the configuration that Prometheus gets from it."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.programs import program

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "compose"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
SCHEMA = json.loads((Path(__file__).parent / "compose.schema.json").read_text("utf-8"))
PROMETHEUS = ROOT / "deploy" / "prometheus" / "prometheus.yml"
PINNED = re.compile(r"^[a-z]+/[a-z]+:v?\d+\.\d+\.\d+$")

every_service = pytest.mark.parametrize(
    "service", [pytest.param(body, id=name) for name, body in COMPOSE["services"].items()]
)


def test_the_file_has_the_form_that_compose_reads() -> None:
    """The keys that we use, and no others: a misspelt one would be refused or ignored."""
    jsonschema.Draft202012Validator(SCHEMA).validate(COMPOSE)


def test_a_misspelt_key_is_found() -> None:
    """The form is not so wide that everything fits it."""
    spoilt = {"services": {"grafana": {"image": "grafana/grafana:12.2.0", "prots": []}}}
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(spoilt)


@every_service
def test_images_are_pinned_and_services_unprivileged(service: dict[str, Any]) -> None:
    """A tag that moves would change what runs without a commit."""
    assert PINNED.match(service["image"])
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@every_service
def test_mounted_files_are_in_the_repository_and_read_only(service: dict[str, Any]) -> None:
    """The same rules and pages as everywhere, not copies of them."""
    for volume in service["volumes"]:
        source, _, rest = volume.partition(":")
        if source.startswith("."):
            assert (FOLDER / source).resolve().exists(), source
            assert rest.endswith(":ro")
        else:
            assert source in COMPOSE["volumes"]


@every_service
def test_everything_listens_on_loopback(service: dict[str, Any]) -> None:
    """They share the machine's network."""
    listening = [flag for flag in service.get("command", []) if "web.listen-address" in flag]
    address = service.get("environment", {}).get("GF_SERVER_HTTP_ADDR")
    assert address == "127.0.0.1" or all("=127.0.0.1:" in flag for flag in listening)
    assert address or listening


def test_promtool_accepts_the_configuration_with_the_rules_in_their_place(tmp_path: Path) -> None:
    """Laid out as the compose file mounts it."""
    shutil.copy(PROMETHEUS, tmp_path)
    shutil.copytree(ROOT / "alerts", tmp_path / "rules")
    checked = subprocess.run(
        [program("promtool"), "check", "config", "--lint-fatal", tmp_path / PROMETHEUS.name],
        check=False,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    shipped = len(list((ROOT / "alerts").glob("*.rules.yml")))
    assert f"{shipped} rule files found" in checked.stdout


def test_the_rules_know_the_jobs_of_the_configuration() -> None:
    """The alert about silent agents looks for a job of this name."""
    jobs = {job["job_name"] for job in yaml.safe_load(PROMETHEUS.read_text())["scrape_configs"]}
    used = {
        name
        for file in (ROOT / "alerts").glob("*.rules.yml")
        for name in re.findall(r'job="([^"]+)"', file.read_text("utf-8"))
    }
    assert used
    assert used <= jobs
