"""A BMC: a real HTTP server on loopback that serves the resources of a GB300 tray's Redfish."""

import base64
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USER, PASSWORD = "monitor", "a:secret"
CHASSIS = "/redfish/v1/Chassis"
THERMAL = f"{CHASSIS}/Chassis_0/ThermalSubsystem"
LEAKS = f"{THERMAL}/LeakDetection/LeakDetectors"


def link(path: str) -> dict[str, str]:
    """Return a link to a resource."""
    return {"@odata.id": path}


def collection(*paths: str) -> dict[str, Any]:
    """Return a collection of resources."""
    return {"Members": [link(path) for path in paths], "Members@odata.count": len(paths)}


def detector(state: str | None, enabled: str = "Enabled") -> dict[str, Any]:
    """Return a leak detector."""
    status = {"State": enabled, "Health": "OK"}
    return {"Id": "x", "DetectorState": state, "LeakDetectorType": "Moisture", "Status": status}


def tray() -> dict[str, Any]:
    """Return the resources of a dry tray, by path, with a chassis that has nothing of interest."""
    return {
        CHASSIS: collection(f"{CHASSIS}/Chassis_0", f"{CHASSIS}/HGX_GPU_0"),
        f"{CHASSIS}/HGX_GPU_0": {"Id": "HGX_GPU_0"},
        f"{CHASSIS}/Chassis_0": {
            "ThermalSubsystem": link(THERMAL),
            "Sensors": link(f"{CHASSIS}/Chassis_0/Sensors"),
        },
        THERMAL: {
            "LeakDetection": link(f"{THERMAL}/LeakDetection"),
            "CoolantConnectors": link(f"{THERMAL}/CoolantConnectors"),
        },
        f"{THERMAL}/LeakDetection": {"LeakDetectors": link(LEAKS)},
        LEAKS: collection(
            f"{LEAKS}/Chassis_0_LeakDetector_0_ColdPlate",
            f"{LEAKS}/Chassis_0_LeakDetector_0_Manifold",
        ),
        f"{LEAKS}/Chassis_0_LeakDetector_0_ColdPlate": detector("OK"),
        f"{LEAKS}/Chassis_0_LeakDetector_0_Manifold": detector("OK"),
        f"{THERMAL}/CoolantConnectors": collection(f"{THERMAL}/CoolantConnectors/1"),
        f"{THERMAL}/CoolantConnectors/1": {
            "SupplyTemperatureCelsius": {"Reading": 32.5},
            "ReturnTemperatureCelsius": {"Reading": None},
            "FlowLitersPerMinute": {"Reading": 60},
            "SupplyPressurekPa": {"Reading": 220.0},
            "ReturnPressurekPa": {"Reading": "Out of range"},
        },
        f"{CHASSIS}/Chassis_0/Sensors": collection(
            f"{CHASSIS}/Chassis_0/Sensors/FAN_1", f"{CHASSIS}/Chassis_0/Sensors/Inlet_Liquid_Temp"
        ),
        f"{CHASSIS}/Chassis_0/Sensors/Inlet_Liquid_Temp": {"Reading": 31, "ReadingUnits": "Cel"},
    }


Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass(slots=True)
class FakeBmc:
    """
    resources: by path.  answers: paths with an answer of their own.  asked: the paths so far.
    """

    resources: dict[str, Any] = field(default_factory=tray)
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(bmc: FakeBmc, context: ssl.SSLContext | None = None) -> Iterator[FakeBmc]:
    """Serve on loopback, over TLS with a context."""
    server = _Server(("127.0.0.1", 0), _handler(bmc))
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "http" if context is None else "https"
    bmc.url = f"{scheme}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield bmc
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that hang up are part of the tests."""

    def server_bind(self) -> None:
        """Bind without a look-up of names."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]


def _handler(bmc: FakeBmc) -> type[BaseHTTPRequestHandler]:
    expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            """Answer one request."""
            bmc.asked.append(self.path)
            if self.path in bmc.answers:
                bmc.answers[self.path](self)
            elif self.headers["Authorization"] != expected:
                answer(self, 401, b"{}")
            elif self.path in bmc.resources:
                answer(self, 200, json.dumps(bmc.resources[self.path]).encode())
            else:
                answer(self, 404, b"{}")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


def answer(handler: BaseHTTPRequestHandler, status: int, content: bytes, **headers: str) -> None:
    """Send an answer."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)
