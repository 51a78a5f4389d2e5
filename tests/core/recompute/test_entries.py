"""Entries against the judgement: every ledger that booking gives is right, and nothing else is."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.ledger.booking import decide, live_entries
from gpusla.ledger.entries import Account, Entry, Line, Status, key_of, lines_of
from gpusla.recompute.entries import first_wrong
from gpusla.sla.digest import digest
from gpusla.sla.evaluation import Evaluation
from tests.core.ledger.judged import owing
from tests.core.recompute.bundles import Parts, honest
from tests.core.recompute.edits import outcome


def in_order(entries: Iterable[Entry]) -> Sequence[Entry]:
    """As a statement has them."""
    return sorted(entries, key=lambda entry: (entry.clause, entry.revision))


def wrong(entries: Iterable[Entry], evaluation: Evaluation) -> str | None:
    """The name of the first thing that is wrong."""
    found = first_wrong(in_order(entries), evaluation)
    return None if found is None else found.name


def shown(entries: Sequence[Entry], evaluations: Sequence[Evaluation]) -> Evaluation:
    """The judgement that a statement shows: of the entry posted last that stands, or the newest."""
    by_digest = {digest(one): one for one in evaluations}
    posted = [entry for entry in live_entries(entries) if entry.status is Status.POSTED]
    return by_digest[posted[-1].evaluation_digest] if posted else evaluations[-1]


lines = st.fixed_dictionaries({"availability": st.integers(0, 2), "api": st.integers(0, 2)})


@given(st.lists(lines, max_size=3), st.lists(lines, max_size=5))
def test_whatever_was_booked_in_turn_is_as_it_should_be(
    accrued: list[dict[str, int]], settled: list[dict[str, int]]
) -> None:
    """Accruals, the posting, and corrections of one objective or of both, of amounts in cents."""
    entries: list[Entry] = []
    evaluations: list[Evaluation] = [owing(0)]
    for is_final, amounts in [(False, one) for one in accrued] + [(True, one) for one in settled]:
        evaluations.append(owing(amounts))
        entries += decide(entries, evaluations[-1], is_final=is_final)
    assert wrong(entries, shown(entries, evaluations)) is None


def test_a_shadow_price_is_owed_to_nobody() -> None:
    """It is worked out; what had accrued before the contract was the house's own is taken back."""
    shadow = owing(500, is_shadow=True)
    entries = list(decide((), owing(500), is_final=False))
    entries += decide(entries, shadow, is_final=False)
    assert wrong(entries, shadow) is None
    assert wrong(decide((), owing(500), is_final=True), shadow) == "owed by the ledger"


def booked(change: Callable[[Entry], Entry]) -> tuple[Sequence[Entry], Evaluation]:
    """A posted month after an accrual; change: of its last entry."""
    evaluation = owing({"availability": 500, "api": 300})
    entries = list(decide((), owing({"availability": 400}), is_final=False))
    entries += decide(entries, evaluation, is_final=True)
    place = entries.index(next(one for one in entries if one.revision == 3))
    entries[place] = change(entries[place])
    return entries, evaluation


def under(clause: str, revision: int) -> Callable[[Entry], Entry]:
    """An entry under another clause and revision, with the key that belongs to them."""

    def change(entry: Entry) -> Entry:
        key = key_of(entry.contract, entry.period, clause, revision)
        return replace(entry, clause=clause, revision=revision, key=key)

    return change


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda one: one, None),
        (lambda one: replace(one, currency="JPY"), "entries[3] (availability).currency"),
        (lambda one: replace(one, key="00"), "entries[3] (availability).key"),
        (lambda one: replace(one, revision=7), "entries[3] (availability).revision"),
        (under("availability", 7), "entries[3] (availability).revision"),
        (under("watched", 1), "owed by the ledger for availability"),
        (under("api", 2), "entries[1] (api).reverses"),
        (
            lambda one: replace(one, evaluation_digest="0" * 64),
            "entries of availability, evaluation_digest",
        ),
        (
            lambda one: replace(one, status=Status.EXPIRED, lines=lines_of(Status.EXPIRED, 500)),
            "entries[3] (availability).status",
        ),
        (
            lambda one: replace(
                one, lines=(Line(Account.CUSTOMER_CREDIT, 500), Line(Account.CUSTOMER_CREDIT, -500))
            ),
            "entries[3] (availability).lines",
        ),
        (
            lambda one: replace(one, amount_minor_units=-500, lines=lines_of(Status.POSTED, -500)),
            "entries[3] (availability).amount_minor_units",
        ),
        (lambda one: replace(one, reverses="11"), "entries[3] (availability).reverses"),
    ],
)
def test_an_entry_that_booking_would_not_make_is_named(
    change: Callable[[Entry], Entry], name: str | None
) -> None:
    """Posted: USD 5.00 for availability, 3.00 for the API; availability had 4.00 pending."""
    assert wrong(*booked(change)) == name


def test_what_one_objective_lacks_another_cannot_make_up() -> None:
    """The sum is right and 2.00 went from one to the other."""
    entries = decide((), owing({"availability": 300, "api": 500}), is_final=True)
    evaluation = owing({"availability": 500, "api": 300})
    ours = [replace(one, evaluation_digest=digest(evaluation)) for one in entries]
    found = first_wrong(in_order(ours), evaluation)
    assert found is not None
    assert (found.name, found.told, found.found) == (
        "owed by the ledger for api",
        "USD 5.00",
        "USD 3.00",
    )


def test_a_correction_that_is_not_whole_is_named() -> None:
    """Of 5.00 only 4.00 are taken back; with 6.00 posted anew 7.00 would be owed."""
    entries = list(decide((), owing(500), is_final=True))
    entries += decide(entries, owing(600), is_final=True)
    place = next(n for n, one in enumerate(entries) if one.reverses is not None)
    entries[place] = replace(
        entries[place], amount_minor_units=-400, lines=lines_of(Status.POSTED, -400)
    )
    assert wrong(entries, owing(600)) == "entries[2] (availability).amount_minor_units"


def test_a_correction_does_not_cover_for_a_foreign_judgement() -> None:
    """The API's entry names what no entry that was corrected does."""
    entries = list(decide((), owing({"availability": 500, "api": 300}), is_final=True))
    corrected = owing({"availability": 600, "api": 300})
    entries += decide(entries, corrected, is_final=True)
    assert wrong(entries, corrected) is None
    foreign = [
        replace(one, evaluation_digest="0" * 64) if one.clause == "api" else one for one in entries
    ]
    assert wrong(foreign, corrected) == "entries of api, evaluation_digest"


@pytest.mark.parametrize(
    "change",
    [
        {"currency": "JPY"},
        {"key": "00"},
        {"clause": "nothing-promised"},
        {"revision": 7},
        {"evaluation_digest": "0" * 64},
    ],
)
def test_a_bundle_with_an_entry_changed_does_not_give_the_same(change: dict[str, Any]) -> None:
    """Everything else in it is as it was signed."""
    told = honest().statement
    (entry,) = told.entries
    parts: Parts = replace(
        honest(), statement=replace(told, entries=(replace(entry, **change),), notes=())
    )
    figure = outcome(parts).figure
    assert figure is not None
    assert figure.name.startswith("entries")
