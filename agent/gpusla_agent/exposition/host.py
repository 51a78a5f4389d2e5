"""The node around the GPUs: its network ports, processors, memory, clock, IMEX and sensors."""

from collections.abc import Iterator, Mapping, Sequence

from gpusla.catalogue import metrics as rows
from gpusla.catalogue.metrics import Metric
from gpusla.readings import NetworkPort, Present, Reading, Sensor
from gpusla_agent.exposition.block import Block, Sample
from gpusla_agent.exposition.views import NodeView

PORTS_SHOWN_MAX = 32
SENSORS_SHOWN_MAX = 100
LEAK = "leak"

NUMBERS: dict[str, Metric] = {
    "cpus": rows.HOST_CPUS,
    "cpu_busy_seconds": rows.HOST_CPU_BUSY,
    "host_memory_total_bytes": rows.HOST_MEMORY_TOTAL,
    "host_memory_available_bytes": rows.HOST_MEMORY_AVAILABLE,
    "clock_synchronised": rows.HOST_CLOCK_SYNCHRONISED,
    "clock_offset_seconds": rows.HOST_CLOCK_OFFSET,
    "clock_error_max_seconds": rows.HOST_CLOCK_ERROR_MAX,
    "imex_state": rows.HOST_IMEX_STATE,
    "imex_nodes": rows.HOST_IMEX_NODES,
    "imex_nodes_ready": rows.HOST_IMEX_NODES_READY,
}
PORT: tuple[tuple[Metric, dict[str, tuple[str, ...]]], ...] = (
    (rows.HOST_PORT_UP, {"link_up": ()}),
    (rows.HOST_PORT_RATE, {"rate_bytes_per_second": ()}),
    (rows.HOST_PORT_ERRORS, {"errors": ()}),
    (rows.HOST_PORT_LINK_DOWNS, {"link_downs": ()}),
    (rows.HOST_PORT_BYTES, {"tx_bytes": ("sent",), "rx_bytes": ("received",)}),
)
"""By metric, the readings that it shows and the labels that each has beside device and port."""


COOLANT: dict[str, Metric] = {
    "_celsius": rows.HOST_COOLANT_TEMPERATURE,
    "_pascals": rows.HOST_COOLANT_PRESSURE,
    "_flow_cubic_meters_per_second": rows.HOST_COOLANT_FLOW,
}
"""By the unit that a sensor's kind ends with; a kind of another unit is not shown."""


def host(view: NodeView) -> Iterator[Block]:
    """Yield what the page says of the node itself."""
    if view.host is None:
        return
    ports = sorted(view.host.ports, key=lambda port: (port.device, port.port))[:PORTS_SHOWN_MAX]
    for row, readings in PORT:
        yield row, list(_ports(ports, readings))
    for name, row in NUMBERS.items():
        yield row, list(_value((), view.host.numbers.get(name)))
    yield from _sensors(sorted(view.host.sensors, key=lambda one: one.name)[:SENSORS_SHOWN_MAX])


def _ports(
    ports: Sequence[NetworkPort], readings: Mapping[str, tuple[str, ...]]
) -> Iterator[Sample]:
    for port in ports:
        for name, labels in readings.items():
            yield from _value((port.device, str(port.port), *labels), port.numbers.get(name))


def _sensors(sensors: Sequence[Sensor]) -> Iterator[Block]:
    yield (
        rows.HOST_LEAK,
        [s for one in sensors if one.kind == LEAK for s in _value((one.name,), one.reading)],
    )
    for unit, row in COOLANT.items():
        yield (
            row,
            [
                sample
                for one in sensors
                if one.kind.endswith(unit)
                for sample in _value((one.name, one.kind.removesuffix(unit)), one.reading)
            ],
        )


def _value(labels: tuple[str, ...], reading: Reading | None) -> Iterator[Sample]:
    if isinstance(reading, Present):
        yield labels, reading.value
