"""
Power and its limits: milliwatts of the driver, watts of ours.

Module power is what it is: the driver gives the superchip's for each of its GPUs, which share a
serial number.  Who sums must count it once.
"""

from gpusla_agent.probes.probe import Number, Part, Probe


def _watts(name: str, raw: str) -> Number:
    return Number(name, raw, per=1_000)


PROBE = Probe(
    "power",
    (
        Part(
            "health_fields",
            (
                _watts("power_watts", "power_milliwatts"),
                _watts("power_instant_watts", "power_instant_milliwatts"),
                _watts("power_limit_watts", "power_limit_milliwatts"),
            ),
        ),
        Part(
            "slow_fields",
            (
                _watts("power_limit_requested_watts", "power_limit_requested_milliwatts"),
                _watts("power_limit_default_watts", "power_limit_default_milliwatts"),
                _watts("power_limit_min_watts", "power_limit_min_milliwatts"),
                _watts("power_limit_max_watts", "power_limit_max_milliwatts"),
                _watts("module_power_watts", "module_power_milliwatts"),
                _watts("module_power_limit_watts", "module_power_limit_milliwatts"),
            ),
        ),
    ),
)
