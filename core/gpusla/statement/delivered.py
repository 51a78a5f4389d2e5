"""How the account came about: what was committed, delivered and lost, and to whom."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

from gpusla.contracts.promises import Kind, Objective
from gpusla.instants import format_instant
from gpusla.sla.evaluation import Derivation, Evaluation
from gpusla.statement.numbers import readable
from gpusla.statement.words import unit_words, unknown_words


def account_terms(evaluation: Evaluation) -> tuple[str, Objective | None]:
    """Return the objective on whose terms the account is kept, with its path; plain terms: None."""
    for number, objective in enumerate(evaluation.contract.objectives):
        if objective.kind is Kind.CAPACITY:
            return f"slos[{number}]", objective
    return "", None


def derive_account(evaluation: Evaluation, losses: Iterable[Derivation]) -> Derivation:
    """Return where the GPU-time of the judged part went."""
    account, (path, objective) = evaluation.account, account_terms(evaluation)
    unknown = (
        "time that nobody observed counts as not delivered"
        if objective is None
        else unknown_words(objective)
    )
    excused = ", ".join(evaluation.exclusions) or "none"
    return Derivation(
        "delivered GPU-ms",
        f"{unit_words(evaluation.contract.capacity)}; no more than what is committed",
        "capacity",
        text(account.delivered_gpu_ms.value),
        (
            _committed(evaluation),
            *around(
                (account.delivered_gpu_ms.low, account.delivered_gpu_ms.high),
                f"{path}.clock_error" if path else "",
            ),
            Derivation(
                "excused GPU-ms",
                f"given back by exclusion records: {excused}",
                "exclusions",
                text(account.excluded_gpu_ms),
            ),
            Derivation(
                "lost GPU-ms",
                f"committed less delivered; {unknown}",
                f"{path}.unknown.policy" if path else "",
                text(account.lost_gpu_ms),
                tuple(losses),
            ),
            _held(evaluation),
        ),
    )


def derive_losses(evaluation: Evaluation) -> Iterator[Derivation]:
    """Yield every loss by its place in the list."""
    for number, loss in enumerate(evaluation.losses):
        start, end = format_instant(loss.interval.start_ms), format_instant(loss.interval.end_ms)
        yield Derivation(
            f"losses[{number}]",
            f"{loss.unit} from {start} to {end}: {', '.join(loss.reasons)}",
            "",
            text(loss.gpu_ms),
        )


def around(ends: tuple[Fraction | None, Fraction | None], field: str) -> Iterator[Derivation]:
    """Yield both ends of a figure: the worse for the provider, then the better."""
    worst, best = ends
    if worst == best:
        return
    doubt = "every doubt against the provider: unknown time, edges, clock error"
    yield Derivation("at worst", doubt, field, text(worst))
    yield Derivation("at best", "every doubt for the provider", field, text(best))


def text(value: Fraction | int | None) -> str:
    """Write an exact number."""
    return "n/a" if value is None else readable(value)


def _committed(evaluation: Evaluation) -> Derivation:
    until = format_instant(evaluation.until_ms)
    return Derivation(
        "committed GPU-ms",
        f"GPUs promised at every instant up to {until}",
        "capacity.ramp",
        str(evaluation.account.committed_gpu_ms),
    )


def _held(evaluation: Evaluation) -> Derivation:
    account = evaluation.account
    states = " + ".join(f"{state.value} {ms}" for state, ms in account.states_gpu_ms.items())
    return Derivation("held GPU-ms", f"{states}, by what was seen", "", str(account.held_gpu_ms))
