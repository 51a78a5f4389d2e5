"""The collector's pages, asked for without a network."""

import asyncio
from dataclasses import dataclass

import httpx
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from gpusla_collector.web.application import Liveness, application
from tests.collector.stage import ALPHA, LAG_MS, Stage

SHARED = {ALPHA, "tenant-a", "availability", "USD"}
"""Labels that tell nothing apart on a stage of one contract."""


@dataclass(frozen=True, slots=True)
class Client:
    """Asks the application without a network."""

    app: FastAPI

    def get(self, path: str, method: str = "GET") -> httpx.Response:
        """Ask for a page."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
                return await client.request(method, path)

        return asyncio.run(ask())


def served(stage: Stage, limits_ms: dict[str, int] | None = None) -> Client:
    """Return a client of the pages."""
    return Client(application(stage.board.read, stage.clock, Liveness(limits_ms or {}), LAG_MS))


def samples(page: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Return the page's samples by name and label values."""
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def figures(stage: Stage, now_ms: int) -> dict[str, float]:
    """Judge up to an instant; return samples by name and those labels that tell them apart."""
    stage.clock.now_ms = now_ms
    turns = stage.turns()
    turns.once()
    turns.judge_turn()
    return {
        " ".join([name.removeprefix("gpusla_"), *(one for one in labels if one not in SHARED)]): (
            value
        )
        for (name, labels), value in samples(served(stage).get("/metrics").text).items()
    }
