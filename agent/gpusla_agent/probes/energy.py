"""
Energy since the driver was loaded: millijoules of the driver, joules of ours.

It is also the sign of a driver that was loaded anew (`gpusla_agent.probes.plausible`).
"""

from gpusla_agent.probes.probe import Number, Part, Probe

FAMILY, RAW, PER = "health_fields", "energy_millijoules", 1_000

PROBE = Probe("energy", (Part(FAMILY, (Number("energy_joules", RAW, per=PER),)),))
