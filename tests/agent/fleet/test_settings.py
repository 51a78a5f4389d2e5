"""The settings of a fleet and the files that they name are honoured whole or refused."""

# ruff: noqa: E501  (a promised sentence stands on one line)

from pathlib import Path
from typing import Any

import pytest

from gpusla.errors import InputError
from gpusla.simulation.faults import EFFECTS, FaultKind
from gpusla_agent.fleet.faults import Kind
from gpusla_agent.fleet.fleet import scenario_of
from gpusla_agent.fleet.settings import read_fleet_settings
from tests.agent.fleet.papers import write_fleet

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "fleet" / "fleet.yaml"


def test_the_example_is_a_fleet_of_54_nodes_with_its_scenario() -> None:
    """A switch takes out its rack, power its tray."""
    settings = read_fleet_settings(EXAMPLE)
    assert len(settings.nodes) == 54
    sizes = {fault.id: len(fault.slots) for fault in settings.faults}
    assert sizes == {"r01-switch-july": 72, "r02-hot-gpu": 1, "r03-power-feed": 4}
    assert len(scenario_of(settings).faults) > 100


def test_files_can_name_every_kind_of_fault() -> None:
    """The list in the form is the enumeration."""
    assert set(Kind.__args__) == {kind.value for kind in FaultKind} == set(EFFECTS)  # type: ignore[attr-defined]


def test_without_a_seed_nothing_goes_wrong_by_chance(tmp_path: Path) -> None:
    """A fleet for exact tests."""
    assert scenario_of(read_fleet_settings(write_fleet(tmp_path))).faults == ()


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"seeed": 3}, "fleet.yaml:8:1: seeed is not a known key. Write 'seed' if that is meant, or remove it. [GS1008]"),
    ({"listen": 9700}, "fleet.yaml:8:9: listen: 9700 is not an address to listen on. Write it like 127.0.0.1:9641. [GS1010]"),
    ({"nodes": "[n1, n9]"}, "fleet.yaml: the inventory has no node 'n9'. Correct the name or add the thing. [GS1202]"),
    ({"interval_ms": 1000, "valid_ms": 1000}, "fleet.yaml: valid_ms is 1000, not over interval_ms 1000: no sample would reach the next one and all time would be unknown. Let valid_ms be two or more times interval_ms. [GS1301]"),
    ({"interval_ms": 10}, "fleet.yaml:8:14: interval_ms: 10 is not allowed. It should be greater than or equal to 100. [GS1010]"),
    ({"inventory": "none.yaml"}, "none.yaml: cannot be read: No such file or directory. Check the path and that the user of the service may read it. [GS1001]"),
    ({"scenario": "s.yaml"}, "s.yaml:2:40: faults[0].target: the fleet has no slot 'c2/r02'. Correct the name or add the thing. [GS1202]"),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "sentence"), REFUSALS, ids=range(len(REFUSALS)))
def test_settings_that_cannot_be_honoured_are_refused(
    tmp_path: Path, settings: dict[str, Any], sentence: str
) -> None:
    """With the file, the place and the way out."""
    (tmp_path / "s.yaml").write_text(
        "faults:\n- {id: a, kind: nvlink_switch, target: c2/r02, from_ms: 5}\n"
    )
    path = write_fleet(tmp_path, **settings)
    with pytest.raises(InputError) as caught:
        read_fleet_settings(path)
    assert str(caught.value).replace(f"{tmp_path}/", "") == sentence
