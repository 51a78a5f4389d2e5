"""`gpusla collector reconciliation`: journals beside Prometheus, slot by slot."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gpusla.catalogue.codes import BAD_SETTING, NOTHING_TO_SHOW
from gpusla.clock import SystemClock
from gpusla.commands.exits import Exit
from gpusla.errors import InputError, SettingsError
from gpusla.identity import ContractId
from gpusla.instants import format_instant, parse_instant
from gpusla_collector.commands.output import Config, Out, ReportForm, as_json, as_table, put
from gpusla_collector.settings import Settings, read_settings
from gpusla_collector.usecases.comparison import Comparison, SlotFigures

FORMAT = "gpusla/reconciliation/1"
SHOWN = 10
MINUTE_MS = 60_000


def reconciliation_command(
    config: Config,
    *,
    contract: Annotated[str | None, typer.Option(help="Only this contract.")] = None,
    until: Annotated[
        str | None, typer.Option(help="End of the window, such as 2026-10-10T12:00:00Z.")
    ] = None,
    minutes: Annotated[
        int | None, typer.Option(help="Length of the window; else as in the settings.", min=1)
    ] = None,
    as_: Annotated[ReportForm, typer.Option("--as", help="What to write.")] = ReportForm.TEXT,
    out: Out = None,
) -> None:
    """
    Hold journals against Prometheus and show both sides; 1 if they disagree.

    For example: gpusla collector reconciliation --config collector.yaml --contract acme-2027
    An earlier hour: ... --until 2026-10-10T12:00:00Z --minutes 60 --as json --out october-10.json
    """
    settings = read_settings(config)
    until_ms = None if until is None else parse_instant(until)
    window_ms = settings.form.reconcile_window_ms if minutes is None else minutes * MINUTE_MS
    found = compared(settings, config, contract, until_ms, window_ms)
    if not found:
        which = "no contract" if contract is None else f"no contract {contract!r}"
        fix = "Name an earlier end with --until, or fewer --minutes; or look at the assignments."
        raise InputError(NOTHING_TO_SHOW, f"{which} holds slots all through the window", fix=fix)
    put(as_json(_plain(found)) if as_ is ReportForm.JSON else as_text(found), out)
    if not all(one.is_tolerable for one in found):
        raise typer.Exit(Exit.BAD)


def compared(
    settings: Settings, config: Path, contract: str | None, until_ms: int | None, window_ms: int
) -> list[Comparison]:
    """
    Compare both accounts over a window; until_ms: its end, None for the newest that both cover.

    Raises SettingsError if no Prometheus is set, ServiceError if it gives no whole answer.
    """
    from gpusla_collector.adapters.prometheus import PrometheusCounters  # noqa: PLC0415
    from gpusla_collector.adapters.sql.reading import reading  # noqa: PLC0415
    from gpusla_collector.app import input_files  # noqa: PLC0415
    from gpusla_collector.usecases.reconcile import Reconciler  # noqa: PLC0415
    from gpusla_collector.usecases.world import read_world  # noqa: PLC0415

    form, chosen = settings.form, None if contract is None else ContractId(contract)
    if form.prometheus is None:
        raise SettingsError(
            BAD_SETTING,
            f"{config}: `prometheus` is not set, so there is nothing to hold journals against",
            fix="Set it to the address of Prometheus, such as http://127.0.0.1:9090.",
        )
    world, lag_ms = read_world(input_files(settings).read()), form.evidence_lag_ms
    counters = PrometheusCounters(form.prometheus)
    with reading(settings.database) as store:
        known = store.cursors().values()
        asked_ms = max((one.evidence_until_ms for one in known), default=0) + lag_ms
        reconciler = Reconciler(
            counters, store, SystemClock(), window_ms, form.scrape_interval_ms, lag_ms
        )
        found = list(reconciler.compared(world, asked_ms, chosen, until_ms))
    counters.close()
    return found


def as_text(found: list[Comparison]) -> str:
    """Write the comparison of each contract: states, then the slots that differ most."""
    return "\n".join(_section(one) for one in found)


def _section(one: Comparison) -> str:
    slots = len({row.slot for row in one.slots})
    plural = "" if slots == 1 else "s"
    verdict = "agree" if one.is_tolerable else "DISAGREE"
    window = f"{format_instant(one.window.start_ms)} to {format_instant(one.window.end_ms)}"
    states = as_table(
        ("state", "journals s", "Prometheus s", "difference s", "tolerated s"),
        [
            (
                row.state,
                seconds(row.journal_ms),
                seconds(row.prometheus_ms),
                seconds(row.difference_ms),
                seconds(row.tolerated_ms),
            )
            for row in one.states
        ],
    )
    worst = as_table(
        ("slot", "node", "state", "journals s", "grade", "Prometheus s", "difference s", "tol. s"),
        [_cells(row) for row in one.slots[:SHOWN]],
    )
    left = (
        ""
        if not one.absent
        else f"not in Prometheus: {', '.join(one.absent[:SHOWN])}"
        + ("\n" if len(one.absent) <= SHOWN else f" and {len(one.absent) - SHOWN} more\n")
    )
    return (
        f"{one.contract}, {window}, {slots} slot{plural}: journals and Prometheus {verdict}\n"
        f"Tolerated is one scrape interval ({seconds(one.scrape_interval_ms)} s) for each end of a "
        f"slot's stretch and each change of its state.\n\n{states}\n"
        f"the {min(SHOWN, len(one.slots))} that differ most; Prometheus is grade C\n{worst}{left}"
    )


def _cells(row: SlotFigures) -> tuple[str, ...]:
    return (
        row.slot,
        row.node or "-",
        row.state,
        seconds(row.journal_ms),
        row.grade.value,
        seconds(row.prometheus_ms),
        seconds(row.difference_ms),
        seconds(row.tolerated_ms),
    )


def _plain(found: list[Comparison]) -> dict[str, Any]:
    return {"format": FORMAT, "contracts": [_contract(one) for one in found]}


def _contract(one: Comparison) -> dict[str, Any]:
    return {
        "contract": one.contract,
        "from": format_instant(one.window.start_ms),
        "until": format_instant(one.window.end_ms),
        "agrees": one.is_tolerable,
        "scrape_interval_ms": one.scrape_interval_ms,
        "not_in_prometheus": list(one.absent),
        "states": [
            {
                "state": row.state,
                "journal_ms": row.journal_ms,
                "prometheus_ms": row.prometheus_ms,
                "difference_ms": row.difference_ms,
                "tolerated_ms": row.tolerated_ms,
            }
            for row in one.states
        ],
        "slots": [
            {
                "slot": row.slot,
                "node": row.node,
                "state": row.state,
                "from": format_instant(row.stretch.start_ms),
                "until": format_instant(row.stretch.end_ms),
                "journal_ms": row.journal_ms,
                "journal_grade": row.grade.value,
                "prometheus_ms": row.prometheus_ms,
                "prometheus_grade": "C",
                "difference_ms": row.difference_ms,
                "changes": row.changes,
                "tolerated_ms": row.tolerated_ms,
            }
            for row in one.slots
        ],
    }


def seconds(length_ms: int) -> str:
    """Write milliseconds as seconds, exactly."""
    sign = "-" if length_ms < 0 else ""
    whole, rest = divmod(abs(length_ms), 1000)
    return f"{sign}{whole}.{rest:03}"
