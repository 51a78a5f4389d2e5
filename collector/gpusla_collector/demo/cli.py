"""`gpusla demo`: the whole product on one machine, told and asserted step by step."""

import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from gpusla.errors import GpuslaError
from gpusla_collector.demo.cast import Cast, Tools, find_tools
from gpusla_collector.demo.pager import Pager
from gpusla_collector.demo.scenery import Scenery, choose_ports
from gpusla_collector.demo.stage import Stage
from gpusla_collector.demo.standin import build_standin
from gpusla_collector.demo.story import (
    ALERT_SECONDS_MAX,
    NO_FAULT_SECONDS_MAX,
    Story,
    prepare,
)
from gpusla_collector.demo.teller import Teller

EXIT_STEP_FAILED = 1
EXIT_INTERRUPTED = 130

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="End when the story is told.")] = False,
    no_fault: Annotated[
        bool, typer.Option("--no-fault", help="Inject nothing; the demo must then fail.")
    ] = False,
    seed: Annotated[int, typer.Option(help="What the fleet's two months are drawn from.")] = 7,
    folder: Annotated[Path | None, typer.Option(help="Keep everything in this new folder.")] = None,
) -> None:
    """
    Meter three racks, lose a rack's NVLink switch, page on-call and book the credit.

    Everything runs on this machine and on loopback only.  It stays up until Ctrl-C unless --once.
    Exit code: 0 if every step happened, 1 if one did not.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background job ignores the first
        signal.signal(number, _interrupt)
    place = folder or Path(tempfile.mkdtemp(prefix="gpusla-demo-"))
    place.mkdir(parents=True, exist_ok=True)
    try:
        code = _play(place.resolve(), seed, once=once, no_fault=no_fault)
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED if once else 0
    if folder is None and code == 0:
        shutil.rmtree(place, ignore_errors=True)
    raise typer.Exit(code)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _play(folder: Path, seed: int, *, once: bool, no_fault: bool) -> int:
    teller, tools = Teller(), find_tools()
    teller.say(f"gpusla demo, seed {seed}, in {folder}")
    _tell_missing(teller, tools)
    teller.say()
    stage = Stage(folder)
    scenery = Scenery(folder, choose_ports(stage), tools.compiler is not None)
    pager = Pager(scenery.ports.pager)
    try:
        built = "the NVML stand-in is built and " if scenery.has_agent else ""
        with teller.step(f"{built}the fleet's fate is drawn") as figures:
            library = build_standin(folder, tools)
            story = prepare(
                teller, scenery, Cast(stage, scenery, tools), pager, seed=seed, library=library
            )
            figures.append(("seed", str(seed)))
        _tell(story, no_fault=no_fault)
        teller.tell_time()
        if not once:
            _stay(story)
    except GpuslaError as failure:
        print(f"gpusla demo: {failure}", file=sys.stderr)  # noqa: T201
        print(f"The logs are in {folder}.", file=sys.stderr)  # noqa: T201
        return EXIT_STEP_FAILED
    finally:
        stage.stop()
        pager.close()
    return 0


def _tell(story: Story, *, no_fault: bool) -> None:
    """Tell all steps in their order; each raises StepFailedError if it did not happen."""
    story.set_stage()
    story.start_watch()
    story.close_last_month()
    story.stand_above_tier()
    if not no_fault:
        story.inject_fault()
    seconds_max = NO_FAULT_SECONDS_MAX if no_fault else ALERT_SECONDS_MAX
    story.cross_tier(seconds_max)
    if story.watched:
        story.page_on_call(seconds_max)
    story.show_statement()
    if not no_fault:
        terms = story.terms()
        terms.name_causes()
        terms.try_others()
        terms.list_rights()
        audit = story.audit()
        audit.hand_over()
        audit.check()
        audit.tamper()
        _tell_trays(story)
        audit.check_books()


def _tell_trays(story: Story) -> None:
    """Tell what single trays say; two steps need the tray behind the NVML stand-in."""
    trays = story.trays()
    trays.lose_link()
    trays.explain()
    if story.library is not None:
        trays.lower_limit()
        trays.hang_one()


def _tell_missing(teller: Teller, tools: Tools) -> None:
    if tools.missing:
        *others, last = tools.missing
        names = f"{', '.join(others)} and {last}" if others else last
        teller.say(f"{names} could not be had here; the rest goes on without.")


def _stay(story: Story) -> None:
    teller = story.teller
    teller.say()
    teller.say("Everything stays up until you press Ctrl-C:")
    for name, address in story.addresses():
        teller.say(f"  {name:<15} {address}")
    teller.say(f"  {'statement':<15} {story.scenery.statement}")
    while True:
        time.sleep(1.0)
