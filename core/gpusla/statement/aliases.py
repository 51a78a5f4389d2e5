"""What a statement's text and pages call the figures of its derivation."""

from collections.abc import Iterator, Sequence

from gpusla.catalogue.reasons import State
from gpusla.sla.evaluation import Evaluation, Event, Loss
from gpusla.statement.numbers import instant

ACCOUNT = "delivered GPU-ms"
_OF_ACCOUNT = f" of {ACCOUNT}"


def aliases(evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    """Yield what is printed, with what it is called in the derivation; several may share either."""
    yield from _of_account()
    yield from _of_money(evaluation)
    for outcome in evaluation.outcomes:
        name = outcome.objective.id
        yield name, f"credit of {name}"
        yield "gives by itself", f"credit of {name}"
        yield "credit by itself", f"credit of {name}"
        yield f"{name} reached", f"value of credit of {name}"
        yield "reached", f"value of credit of {name}"
        yield "as compared", f"compared of value of credit of {name}"
    yield from _of_stretches("losses", evaluation.losses)
    yield from _of_stretches("events", evaluation.events)


def _of_stretches(kind: str, stretches: Sequence[Loss | Event]) -> Iterator[tuple[str, str]]:
    for number, one in enumerate(stretches):
        yield one.unit, f"{kind}[{number}]"
        yield f"{one.unit} {instant(one.interval.start_ms)}", f"{kind}[{number}]"


def _of_account() -> Iterator[tuple[str, str]]:
    for printed, derived in (
        ("committed", f"committed GPU-ms{_OF_ACCOUNT}"),
        ("delivered", ACCOUNT),
        ("lost", f"lost GPU-ms{_OF_ACCOUNT}"),
        ("given back", f"excused GPU-ms{_OF_ACCOUNT}"),
    ):
        yield printed, derived
        yield f"GPU-hours {printed}", derived
    yield "GPU-hours given back by exclusions", f"excused GPU-ms{_OF_ACCOUNT}"
    for name in (*(state.value for state in State), "held", "= held"):
        yield name, f"held GPU-ms{_OF_ACCOUNT}"


def _of_money(evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    yield "shadow price" if evaluation.is_shadow else "fee due", "fee"
    yield "rounded once", "rounded"
    yield "credit owed", "credit"
    yield "worth", "credit"
    for printed in ("under this cap", "under its cap", "capped"):
        yield printed, "under a cap"
    for line in evaluation.lines:
        yield f"of which {line.objective}", f"line {line.objective}"
