"""The driver's own verdict: field 230, 0 none to 7 system reboot; later drivers may know more."""

from gpusla_agent.probes.probe import Number, Part, Probe

PROBE = Probe(
    "recovery_action",
    (Part("health_fields", (Number("recovery_action", "recovery_action"),)),),
)
