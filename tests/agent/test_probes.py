"""From the driver's words to readings: units, plausibility, and why there is no value."""

from typing import Any

import pytest

from gpusla.identity import GpuUuid
from gpusla.readings import Absence, Absent, Identity, Present
from gpusla_agent.probes import PROBING
from gpusla_agent.sources.raw import RawGpu

IDENTITY = Identity(GpuUuid("GPU-1"), 0, "NVIDIA GB300")


def raw(silent: Absent | None = None, /, **values: tuple[int, Any]) -> RawGpu:
    """Return what the driver said."""
    return RawGpu(IDENTITY, 7, values, {"fields": 0.25}, silent)


CASES = [
    ("power_milliwatts", 900_500, "power_watts", Present(900.5)),
    ("power_milliwatts", 4_294_967_295, "power_watts", Absence.ERROR),
    ("power_limit_milliwatts", 1_400_000, "power_limit_watts", Present(1_400.0)),
    ("energy_millijoules", 1_500, "energy_joules", Present(1.5)),
    ("temperature", 91, "temperature_celsius", Present(91)),
    ("temperature", 4_000, "temperature_celsius", Absence.ERROR),
    ("temperature_margin", -4, "temperature_margin_celsius", Present(-4)),
    ("temperature_margin", -400, "temperature_margin_celsius", Absence.ERROR),
    ("sm_clock_megahertz", 2_070, "sm_clock_hertz", Present(2_070_000_000)),
    ("clock_event_reasons", 0x40, "clock_event_reasons", Present(0x40)),
    ("memory_total_bytes", 298_013_687_808, "memory_total_bytes", Present(298_013_687_808)),
    ("utilization_percent", 97, "utilization_ratio", Present(0.97)),
    ("utilization_percent", 4_290_000_000, "utilization_ratio", Absence.ERROR),
    ("recovery_action", 2, "recovery_action", Present(2)),
]


@pytest.mark.parametrize(("call", "value", "reading", "expected"), CASES)
def test_a_value_becomes_a_reading_in_base_units(
    call: str, value: int, reading: str, expected: object
) -> None:
    """What no GPU can say is an error, not a figure."""
    found = PROBING.interpret(raw(**{call: (0, value)}), None).readings.numbers[reading]
    assert (found.absence if isinstance(found, Absent) else found) == expected


@pytest.mark.parametrize(
    ("code", "absence"),
    [
        (3, Absence.UNSUPPORTED),
        (4, Absence.NO_PERMISSION),
        (13, Absence.UNSUPPORTED),
        (999, Absence.ERROR),
    ],
)
def test_a_code_becomes_the_reason(code: int, absence: Absence) -> None:
    """And the probe says whether that was an error."""
    found = PROBING.interpret(raw(power_milliwatts=(code, None), temperature=(0, 40)), None)
    reading = found.readings.numbers["power_watts"]
    assert isinstance(reading, Absent)
    assert reading.absence is absence
    assert found.success["power"] == (absence is Absence.UNSUPPORTED)
    assert found.readings.answered is None


@pytest.mark.parametrize(
    ("code", "absence"), [(15, Absence.LOST), (16, Absence.RESET_REQUIRED), (999, Absence.ERROR)]
)
def test_a_gpu_that_answers_nothing_is_not_there(code: int, absence: Absence) -> None:
    """For the reason that the driver gives."""
    found = PROBING.interpret(raw(temperature=(code, None), fabric=(code, None)), None)
    assert found.readings.answered is not None
    assert found.readings.answered.absence is absence
    assert not found.success["presence"]


def test_a_silent_gpu_has_no_readings() -> None:
    """Neither zero nor the last ones."""
    hung = Absent(Absence.UNOBSERVABLE, "no answer within the deadline")
    found = PROBING.interpret(raw(hung), None)
    assert found.readings.numbers == {}
    assert (found.readings.answered, found.readings.fabric) == (hung, hung)
    assert not any(found.success.values())


def test_a_probe_takes_as_long_as_the_calls_it_rests_on() -> None:
    """Calls that several rest on count for each."""
    seconds = PROBING.interpret(raw(), None).seconds
    assert (seconds["power"], seconds["recovery_action"], seconds["memory"]) == (0.25, 0.25, 0.0)


def test_who_does_not_say_its_uuid_is_nobody() -> None:
    """What one other call cannot tell is merely not known."""
    assert PROBING.identify(0, {"uuid": (15, None)}) is None
    told = {"uuid": (0, "GPU-1"), "serial": (3, None), "module_id": (0, 2)}
    assert PROBING.identify(3, told) == Identity(GpuUuid("GPU-1"), 3, "", None, 2)
