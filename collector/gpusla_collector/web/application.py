"""The routes: /metrics, /healthz and /sd/prometheus.  No others, and nothing that writes."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from gpusla.clock import Clock
from gpusla_collector.usecases.standing import Standing
from gpusla_collector.web.discovery import targets
from gpusla_collector.web.exposition import StandingCollector


@dataclass(frozen=True, slots=True)
class Liveness:
    """Which jobs must go through how often for the collector to count as alive."""

    limits_ms: dict[str, int]

    def stalled(self, standing: Standing, now_mono_ms: int, started_mono_ms: int) -> list[str]:
        """Name the jobs that did not go through for too long."""
        return [
            job
            for job, limit_ms in self.limits_ms.items()
            if now_mono_ms - standing.worked_ms.get(job, started_mono_ms) > limit_ms
        ]


def application(
    read: Callable[[], Standing], clock: Clock, liveness: Liveness, lag_ms: int
) -> FastAPI:
    """Build the application on what `read` returns."""
    app = FastAPI(openapi_url=None)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(StandingCollector(read, clock, lag_ms))
    started_ms = clock.monotonic_ms()

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    @app.get("/healthz")
    def healthz() -> Response:
        stalled = liveness.stalled(read(), clock.monotonic_ms(), started_ms)
        if stalled:
            return PlainTextResponse(f"stalled: {', '.join(stalled)}\n", status_code=503)
        return PlainTextResponse("ok\n" if read().is_leader else "standing by\n")

    @app.get("/sd/prometheus")
    def discovery() -> Response:
        world = read().world
        if world is None:
            return PlainTextResponse("the inventory is not read yet\n", status_code=503)
        return JSONResponse(targets(world, clock.wall_ms()))

    return app
