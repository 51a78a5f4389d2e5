"""
Leak detectors and coolant readings of the tray's BMC, over Redfish.

Resources (DMTF Redfish schemas LeakDetection, LeakDetector, CoolantConnector and Sensor):

    /redfish/v1/Chassis/* -> ThermalSubsystem -> LeakDetection -> LeakDetectors/*
                                              -> CoolantConnectors/*
                          -> Sensors/*           those whose name speaks of liquid or coolant

Links are followed as they are given, because vendors put the resources at other places.  What was
found is asked again directly; the search is repeated when something is gone, and once an hour.
Not verified on hardware.
"""

from collections.abc import Iterator
from typing import Any

from gpusla.readings import Absence, Absent, Present, Reading, Sensor
from gpusla_agent.sources.host.found import Found
from gpusla_agent.sources.host.redfish_client import Bmc, BmcError
from gpusla_agent.sources.host.settings import RedfishSettings

SEARCH_EVERY_POLLS = 60
SENSORS_MAX = 100
_CHASSIS = "/redfish/v1/Chassis"
_LEAKING = {"OK": 0, "Warning": 1, "Critical": 1}
_TRUSTED = (None, "Enabled")
_LIQUID = ("coolant", "liquid")
_LITRES_PER_MINUTE = 1e-3 / 60
_READING_MAX = 1e12
"""Beyond anything that coolant does, and below what arithmetic fails at."""

_CONNECTOR = {
    "SupplyTemperatureCelsius": ("coolant_supply_celsius", 1.0),
    "ReturnTemperatureCelsius": ("coolant_return_celsius", 1.0),
    "FlowLitersPerMinute": ("coolant_flow_cubic_meters_per_second", _LITRES_PER_MINUTE),
    "SupplyPressurekPa": ("coolant_supply_pascals", 1e3),
    "ReturnPressurekPa": ("coolant_return_pascals", 1e3),
}
_UNITS = {
    "Cel": ("coolant_celsius", 1.0),
    "L/min": ("coolant_flow_cubic_meters_per_second", _LITRES_PER_MINUTE),
    "kPa": ("coolant_pascals", 1e3),
}


class RedfishProbe:
    """Polls one BMC; one thread calls it."""

    def __init__(self, settings: RedfishSettings) -> None:
        self._settings = settings
        self._paths: list[str] = []
        self._polls = 0

    def read(self) -> Found:
        """Return every sensor; never raises, and takes no longer than the settings say."""
        try:
            with Bmc(self._settings) as bmc:
                return Found(sensors=tuple(self._sensors(bmc))[:SENSORS_MAX])
        except BmcError as cause:
            return Found(trouble=Absent(Absence.ERROR, str(cause)))

    def _sensors(self, bmc: Bmc) -> list[Sensor]:
        if self._polls % SEARCH_EVERY_POLLS == 0 or not self._paths:
            self._paths, self._polls = list(_search(bmc)), 0
        self._polls += 1
        found = list[Sensor]()
        for path in self._paths:
            resource = bmc.get(path)
            if resource is None:
                self._polls = 0  # Something moved: look for everything again next time.
            else:
                found.extend(read_resource(resource, path))
        return found


# --- where the sensors are --------------------------------------------------------------------


def _search(bmc: Bmc) -> Iterator[str]:
    """Give the paths of all detectors, connectors and sensors that are of use."""
    for chassis in _members(bmc, _CHASSIS):
        resource = bmc.get(chassis) or {}
        thermal = _follow(bmc, resource, "ThermalSubsystem")
        leaks = _follow(bmc, thermal, "LeakDetection")
        for one in (leaks, *(bmc.get(path) for path in _links(leaks))):
            yield from _members(bmc, _link(one, "LeakDetectors"))
        yield from _members(bmc, _link(thermal, "CoolantConnectors"))
        for path in _members(bmc, _link(resource, "Sensors")):
            if any(word in path.rpartition("/")[2].lower() for word in _LIQUID):
                yield path


def _follow(bmc: Bmc, resource: dict[str, Any] | None, name: str) -> dict[str, Any] | None:
    path = _link(resource, name)
    return bmc.get(path) if path else None


def _link(resource: Any, name: str) -> str | None:
    target = resource.get(name) if isinstance(resource, dict) else None
    path = target.get("@odata.id") if isinstance(target, dict) else None
    return path if isinstance(path, str) else None


def _members(bmc: Bmc, path: str | None) -> list[str]:
    return _links(bmc.get(path)) if path else []


def _links(collection: dict[str, Any] | None) -> list[str]:
    members = collection.get("Members") if collection else None
    if not isinstance(members, list):
        return []
    return [path for one in members if (path := _link({"": one}, "")) is not None]


# --- what they say ----------------------------------------------------------------------------


def read_resource(resource: dict[str, Any], path: str) -> Iterator[Sensor]:
    """Give what the detector, the connector or the sensor at a path says, in base units."""
    name = _name(path)
    if "DetectorState" in resource:
        yield Sensor(name, "leak", _leak(resource))
    for key, (kind, factor) in _CONNECTOR.items():
        if isinstance(resource.get(key), dict):
            yield Sensor(name, kind, _reading(resource[key], factor))
    unit = resource.get("ReadingUnits")
    if isinstance(unit, str) and unit in _UNITS:
        kind, factor = _UNITS[unit]
        yield Sensor(name, kind, _reading(resource, factor))


def _name(path: str) -> str:
    """Return the chassis and the part, which together are unique on a BMC."""
    parts = path.removeprefix(_CHASSIS).strip("/").split("/")
    chassis, part = parts[0], parts[-1]
    return part if part.startswith(chassis) else f"{chassis}_{part}"


def _leak(resource: dict[str, Any]) -> Reading:
    # A detector that is itself degraded or off says nothing about the coolant.
    status = resource.get("Status")
    state = status.get("State") if isinstance(status, dict) else None
    told = resource["DetectorState"]
    if state not in _TRUSTED or not isinstance(told, str) or told not in _LEAKING:
        return Absent(Absence.ERROR, f"the detector is {state} and says {told}"[:200])
    return Present(_LEAKING[told])


def _reading(excerpt: dict[str, Any], factor: float) -> Reading:
    # Seen in the field: a reading of null, or of words such as `Out of range`.
    value = excerpt.get("Reading")
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _READING_MAX:
        return Present(value * factor)
    return Absent(Absence.ERROR, f"the reading is {value}"[:200])
