"""
The third chapter: what single trays tell, judged right and at no cost to their neighbours.

One link fails and every other GPU of its rack complains: one root, seventy-one after-effects.
Somebody lowers a power limit on the tray behind the NVML stand-in, and a GPU of it hangs.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpusla.catalogue.reasons import GPU_UNOBSERVABLE, POWER_LIMIT, State
from gpusla.clock import SystemClock
from gpusla.health import Role
from gpusla.inventory.model import NodeRecord
from gpusla.journal.model import XidSeen
from gpusla.simulation.faults import Fault, FaultKind
from gpusla_collector.demo.nodes import events_since, typical_page_ms
from gpusla_collector.demo.scenery import Scenery, write_faults
from gpusla_collector.demo.teller import StepFailedError, Teller
from gpusla_collector.demo.witness import wait_for

RACK = "r02"
"""The rack whose link fails; the first chapter happens in another one."""

SECONDS_MAX = 30.0
COMMAND_SECONDS_MAX = 30.0
LOWERED_WATTS = 1_000
SCRAPES = 20


@dataclass(slots=True)
class Trays:
    """The steps; library: of the stand-in, None where no tray takes that way."""

    teller: Teller
    scenery: Scenery
    nodes: tuple[NodeRecord, ...]
    before: tuple[Fault, ...]
    library: Path | None

    def lose_link(self) -> None:
        """One NVLink of one GPU goes down, and the agents of 18 trays tell one story."""
        with self.teller.step("one NVLink fails, and every GPU of the rack complains") as figures:
            nodes = [node for node in self.nodes if node.rack == RACK]
            slots = tuple(slot for node in nodes for slot in node.slots)
            now_ms = SystemClock().wall_ms()
            story = Fault("nvlink_story-now", FaultKind.NVLINK_STORY, slots, now_ms)
            write_faults(self.scenery.fleet_control, [*self.before, story])
            events = wait_for(
                lambda: _complete(list(events_since(nodes, now_ms)), len(slots)), SECONDS_MAX
            )
            if events is None:
                raise StepFailedError(f"not every GPU of {RACK} told of the link")
            roles = Counter(event.role for event in events)
            if roles != {Role.ROOT: 1, Role.AFTER_EFFECT: len(slots) - 1}:
                raise StepFailedError(f"the roles of {len(events)} errors are {dict(roles)}")
            root = next(event for event in events if event.role == Role.ROOT)
            figures.append(("told", f"{len(events)} errors by {len(nodes)} agents"))
            figures.append(("root", f"{root.slot}: Xid {root.xid}, {root.evidence}"))
            figures.append(("after-effects", str(roles[Role.AFTER_EFFECT])))

    def lower_limit(self) -> None:
        """Somebody sets 1,000 W where 1,400 W were sold."""
        with self.teller.step("1,400 W were sold, and somebody sets 1,000 W") as figures:
            self._control(f"gpu 1 enforced_limit {LOWERED_WATTS}", "gpu 1 requested_limit 1000")
            slot = wait_for(lambda: self._scanned(POWER_LIMIT.name), SECONDS_MAX)
            if slot is None:
                raise StepFailedError("no slot is degraded by its power limit")
            figures.extend(slot)

    def hang_one(self) -> None:
        """One GPU's calls do not return; the page does."""
        with self.teller.step("a call into one GPU never returns") as figures:
            self._control("gpu 3 hung")
            slot = wait_for(lambda: self._scanned(GPU_UNOBSERVABLE.name), SECONDS_MAX)
            if slot is None:
                raise StepFailedError("no slot is unknown for a GPU that hangs")
            address = self.scenery.ports.url(self.scenery.ports.agent)
            figures.extend(slot)
            took_ms = typical_page_ms(address, SCRAPES)
            figures.append(("its page", f"{took_ms:.0f} ms, median of {SCRAPES} scrapes"))
            self._control()

    def explain(self) -> None:
        """Show what the number means, by the command that on-call would run."""
        with self.teller.step("what does Xid 149 mean?") as figures:
            said = _run("gpusla-agent", "explain", "xid", "149").stdout
            if "149" not in said:
                raise StepFailedError("gpusla-agent explain xid 149 says nothing of it")
            lines = [line.strip() for line in said.splitlines()]
            figures.append(("says", lines[1]))
            figures.extend(("", line) for line in lines if line.endswith("for nothing."))

    def _control(self, *lines: str) -> None:
        """Say what is wrong with the tray; what was wrong before stays."""
        kept = ["gpu * fabric_state 2", *lines]
        aside = self.scenery.standin_control.with_suffix(".new")
        aside.write_text("".join(f"{line}\n" for line in kept), "utf-8")
        aside.replace(self.scenery.standin_control)

    def _scanned(self, reason: str) -> list[tuple[str, str]] | None:
        """Return the slot that shows a reason, and what the operator should do about it."""
        assert self.library is not None  # these steps are left out without it
        settings = str(self.scenery.folder / "agent.yaml")
        standin = {"GPUSLA_STANDIN_CONTROL": str(self.scenery.standin_control)}
        said = _run("gpusla-agent", "scan", "--config", settings, "--json", **standin).stdout
        found: dict[str, Any] = json.loads(said or "{}")
        for name, slot in found.get("slots", {}).items():
            for finding in slot["findings"]:
                if finding[0] == reason and State(slot["state"]) is not State.OK:
                    asked = f"{reason}; to do: {finding[2].replace('_', ' ')}"
                    return [("slot", f"{name}: {asked}"), ("evidence", finding[1])]
        return None


def _complete(events: list[XidSeen], count: int) -> list[XidSeen] | None:
    return events if len({event.slot for event in events}) == count else None


def _run(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [str(Path(sys.executable).parent / words[0]), *words[1:]]
    return subprocess.run(  # noqa: S603  (our own commands)
        command,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS_MAX,
        check=False,
    )
