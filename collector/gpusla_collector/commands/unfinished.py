"""What commands say of nodes that are silent, and of months that are over and not posted."""

from collections.abc import Iterator

from gpusla.catalogue.codes import NOTHING_TO_SHOW
from gpusla.clock import SystemClock
from gpusla.errors import InputError
from gpusla_collector.ports import Finding, Store
from gpusla_collector.settings import Settings
from gpusla_collector.usecases.unfinished import Unfinished

NO_TURN = "Wait for the collector's next turn, or run `gpusla collector once`."


def unfinished(settings: Settings, store: Store) -> Unfinished | None:
    """Return what looks at nodes and months; None where no turn was ever taken."""
    from gpusla_collector.adapters.files import InputFilesOnDisk  # noqa: PLC0415
    from gpusla_collector.usecases.due_months import DueMonths  # noqa: PLC0415
    from gpusla_collector.usecases.judge import Rules  # noqa: PLC0415
    from gpusla_collector.usecases.reload_inputs import Reloader  # noqa: PLC0415

    files = InputFilesOnDisk(
        settings.inventory,
        settings.assignments,
        settings.exclusions,
        settings.claims,
        settings.contracts,
    )
    world = Reloader(files, store, SystemClock()).last_good()
    if world is None:
        return None
    form = settings.form
    rules = Rules(form.evidence_lag_ms, form.metered_from)
    due = DueMonths(store, rules, form.final_after_ms)
    return Unfinished(store, world, due, settings.policy, form.close_patience_ms)


def seen_now(found: Unfinished | None) -> tuple[Finding, ...]:
    """Return what is amiss now; nothing where no turn was ever taken."""
    if found is None:
        return ()
    now_ms = SystemClock().wall_ms()
    return (*found.silent(now_ms), *(row for _, row in found.months(now_ms)))


def waiting_months(found: Unfinished | None) -> Iterator[tuple[str, str, str]]:
    """Yield contract, period and words of each month that could be settled and is not."""
    if found is not None:
        for period, row in found.months(SystemClock().wall_ms()):
            yield row.subject, period, row.detail


def require_a_turn(found: Unfinished | None) -> None:
    """Raise InputError `nothing_to_show` where no turn was ever taken: nothing is known then."""
    if found is None:
        words = "no turn was taken yet, so nothing is known of any node or month"
        raise InputError(NOTHING_TO_SHOW, words, fix=NO_TURN)
