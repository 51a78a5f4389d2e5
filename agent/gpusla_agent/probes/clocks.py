"""Clocks in hertz, why they are not higher, and for how many seconds that held."""

from gpusla_agent.probes.probe import Number, Part, Probe

_MEGA = 1_000_000
_NANO = 1_000_000_000


def _hertz(name: str, raw: str) -> Number:
    return Number(name, raw, times=_MEGA)


def _seconds(name: str, raw: str) -> Number:
    return Number(name, raw, per=_NANO)


PROBE = Probe(
    "clocks",
    (
        Part(
            "clocks",
            (
                _hertz("sm_clock_hertz", "sm_clock_megahertz"),
                _hertz("memory_clock_hertz", "memory_clock_megahertz"),
                Number("clock_event_reasons", "clock_event_reasons"),
            ),
        ),
        Part(
            "health_fields",
            (
                _seconds("sw_power_cap_seconds", "sw_power_cap_ns"),
                _seconds("sync_boost_seconds", "sync_boost_ns"),
                _seconds("sw_thermal_slowdown_seconds", "sw_thermal_slowdown_ns"),
                _seconds("hw_thermal_slowdown_seconds", "hw_thermal_slowdown_ns"),
                _seconds("hw_power_brake_seconds", "hw_power_brake_ns"),
            ),
        ),
        Part("slow_fields", (_seconds("power_smoothing_seconds", "power_smoothing_limited_ns"),)),
        Part(
            "limits",
            (
                _hertz("sm_clock_max_hertz", "sm_clock_max_megahertz"),
                _hertz("memory_clock_max_hertz", "memory_clock_max_megahertz"),
            ),
        ),
    ),
)
