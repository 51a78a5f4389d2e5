"""What changed between two statements of a period: in words, and in money that adds up."""

from dataclasses import replace
from fractions import Fraction

import pytest

from gpusla.contracts.remedies import Step
from gpusla.identity import NodeName
from gpusla.journal.chain import Head
from gpusla.statement import Statement, digest, to_json
from gpusla.statement.layout import COLUMNS
from gpusla.statement.reading import from_json
from gpusla.statement.render.answer import standing_words
from gpusla.statement.render.changes import changes_section
from gpusla.statement.render.contents import contents
from gpusla.statement.render.page import to_html
from gpusla.statement.render.pdf import to_pdf
from gpusla.statement.revisions import (
    Ground,
    changes_between,
    difference_minor_units,
    render_changes,
    summary_words,
)
from gpusla.statement.standing import revision_of
from gpusla.statement.story import story
from gpusla.statement.text import render_text
from tests.core.sla.making import CONTRACT
from tests.core.statement.scenes import FOUR, INPUTS, bad_october, four_promises, judged, statement
from tests.core.statement.test_focus import restated
from tests.core.statement.test_page import Text
from tests.core.statement.test_reading import FORMAT_2
from tests.core.statement.test_statement import deep, one_gpu, same_as_golden


def first() -> Statement:
    """One GPU down for 18 hours: 97.5 %, 10 % of USD 150,000,000."""
    return statement(deep())


def test_a_restated_statement_says_what_changed_in_words_and_money() -> None:
    """40 hours instead of 18: 94.6 %, 25 %; USD 22,500,000 more."""
    assert difference_minor_units(first(), restated()) == 2_250_000_000
    same_as_golden("restated.changes.txt", render_changes(first(), restated()))


def test_the_page_of_a_revision_says_so_first() -> None:
    """The changes stand before the figures, and the standing names the revision."""
    document = contents(restated(), changes_section(first(), restated()))
    text = Text.of(to_html(document).decode())
    assert "Final, revision 1" in text
    assert text.index("What changed since the statement before") < text.index("The figures")
    assert "The credit is USD 22,500,000.00 more than before" in text
    assert to_pdf(restated(), document) == to_pdf(restated(), document)


@pytest.mark.parametrize(
    ("of", "revision", "words"),
    [(first(), 0, "Final"), (restated(), 1, "Final, revision 1")],
)
def test_revisions_are_counted_from_the_first_final_statement(
    of: Statement, revision: int, words: str
) -> None:
    """A reversal and its new entry are one revision."""
    assert revision_of(of) == revision
    assert standing_words(of) == words
    assert render_text(of).splitlines()[0].endswith(f"  {words.upper()}")
    assert f", {words.lower()}, judged to" in next(story(of))
    assert f"this one is {words.lower()}." in render_changes(first(), of).replace("\n    ", " ")


def test_nothing_changed_is_said() -> None:
    """Also between a statement and its own file."""
    again = from_json(to_json(first()))
    assert changes_between(first(), again) == ()
    assert "Nothing else is different." in render_changes(first(), again)
    assert "The credit is the same: USD 15,000,000.00." in render_changes(first(), again)


def test_two_files_that_differ_in_nothing_that_is_told_are_not_called_the_same() -> None:
    """One says in its terms which papers it is by; both digests are named, on the page too."""
    contract = replace(deep().contract, assumed=("slos",))
    other = statement(replace(deep(), contract=contract))
    assert changes_between(first(), other) == ()
    told = " ".join(render_changes(first(), other).split())
    sentence = f"digest {digest(first())} before, {digest(other)} now."
    assert f"and yet the two are not the same: {sentence}" in told
    assert sentence in Text.of(to_html(contents(other, changes_section(first(), other))).decode())


def test_a_claim_is_said_before_the_file_that_holds_it() -> None:
    """Claimed nine days after the month, which is in time; the file of claims is new with it."""
    unclaimed = judged(FOUR, granted_minor_units={"gpus": 12_345})
    before, after = statement(unclaimed, ()), statement(four_promises(), ())
    after = replace(after, inputs=replace(INPUTS, claims_digest="8" * 64))
    facts = [one for one in changes_between(before, after) if one.ground is Ground.FACTS]
    assert [(one.name, one.before, one.after) for one in facts] == [
        ("claim", "none", "made 2026-11-10T05:00:00Z, in time"),
        ("file of claims (SHA-256)", "none", "888888888888"),
    ]


def unclaimed(claimable_minor_units: int, claimed_ms: int | None = None) -> Statement:
    """October under a contract whose credits must be claimed before the end of November."""
    one = judged(FOUR, granted_minor_units={"gpus": 12_345})
    assert one.claim is not None
    claim = replace(one.claim, claimed_ms=claimed_ms, claimable_minor_units=claimable_minor_units)
    return statement(replace(one, claim=claim), ())


def summary(before: Statement, after: Statement) -> str:
    """The sentences at the top, without those of the standing."""
    return summary_words(before, after).partition(" this one is provisional. ")[2]


def test_what_may_be_claimed_is_compared_where_nobody_claimed() -> None:
    """USD 85,000.00 of it went; the credit is nothing before and after, and tells nothing."""
    before, after = unclaimed(8_600_000), unclaimed(100_000)
    assert summary(before, after) == (
        "The credit is the same: USD 0.00. What may be claimed is USD 85,000.00 less than before: "
        "USD 86,000.00 then, USD 1,000.00 now."
    )
    (change,) = changes_between(before, after)
    told = change.ground, change.name, change.before, change.after, change.minor_units
    assert told == (Ground.AMOUNTS, "may be claimed", "USD 86,000.00", "USD 1,000.00", None)
    assert summary(after, after).endswith("What may be claimed is the same: USD 1,000.00.")


def test_a_deadline_that_moved_is_told() -> None:
    """As where the first incident, from which it counts, turns out to be another."""
    before = unclaimed(5)
    claim = before.evaluation.claim
    assert claim is not None
    later = replace(claim, deadline_ms=claim.deadline_ms + 86_400_000)
    (change,) = changes_between(before, statement(replace(before.evaluation, claim=later), ()))
    told = change.name, change.before, change.after
    assert told == ("to be claimed", "before 2026-12-01T06:00:00Z", "before 2026-12-02T06:00:00Z")


def test_a_claim_that_came_too_late_leaves_nothing_to_claim() -> None:
    """The credit is nothing before and after; a claim in time makes it the credit."""
    before = unclaimed(100_000)
    assert before.evaluation.claim is not None
    late = unclaimed(100_000, before.evaluation.claim.deadline_ms)
    assert summary(before, late).endswith("less than before: USD 1,000.00 then, USD 0.00 now.")
    in_time = statement(four_promises(), ())
    assert summary(before, in_time) == (
        "The credit is USD 2,000,000.01 more than before: USD 0.00 then, USD 2,000,000.01 now."
    )


def test_exclusions_and_assignments_are_told_by_what_they_changed() -> None:
    """Two that no longer count, and ten hours of one GPU that were not held."""
    less = replace(
        bad_october().account, held_gpu_ms=bad_october().account.held_gpu_ms - 36_000_000
    )
    later = replace(bad_october(), exclusions=(), refused=(), account=less)
    told = {
        change.name: (change.before, change.after)
        for change in changes_between(statement(bad_october()), statement(later))
    }
    assert told["GPU-hours held"] == ("53,568.000", "53,558.000")
    assert told["exclusions counted"] == ("MW-1", "none")
    assert told["exclusions not counted"] == ("MW-2", "none")


def test_what_was_booked_since_is_told() -> None:
    """A month that was provisional, and is posted now."""
    (change,) = changes_between(statement(deep(), ()), first())
    assert (change.name, change.before) == ("entries in the ledger", "none")
    assert change.after == "1, with USD 15,000,000.00 posted"


def test_parts_of_the_change_add_up_to_the_change() -> None:
    """Without the 123.45 that was given before, and the cap of 2,000,000.01 with a cent more."""
    before = statement(four_promises(), ())
    caps = FOUR.combination.caps
    wider = replace(caps[1], amount_minor_units=200_000_100)
    other = replace(FOUR, combination=replace(FOUR.combination, caps=(caps[0], wider)))
    claimed_ms = four_promises().claim.claimed_ms  # type: ignore[union-attr]
    after = statement(judged(other, claimed_ms=claimed_ms), ())
    changes = changes_between(before, after)
    parts = [one.minor_units for one in changes if one.minor_units is not None]
    assert sum(parts) == difference_minor_units(before, after) == 99
    assert len(parts) == 2


def test_facts_that_changed_are_named() -> None:
    """A journal that went on, a file that came, an exclusion that no longer counts."""
    journals = {**INPUTS.journals, NodeName("c2-r01-t01"): Head(2000, "f" * 64)}
    inputs = replace(INPUTS, journals=journals, claims_digest="c" * 64)
    before = statement(four_promises())
    later = replace(four_promises(), exclusions=())
    after = replace(statement(four_promises()), inputs=inputs, evaluation=later)
    told = {change.name: (change.before, change.after) for change in changes_between(before, after)}
    assert told == {
        "exclusions counted": ("MW-1", "none"),
        "file of claims (SHA-256)": ("none", "cccccccccccc"),
        "journal of c2-r01-t01": ("to record 1001", "to record 2000"),
    }


def test_terms_that_changed_are_named_by_their_field() -> None:
    """An amendment that doubles the lowest tier."""
    (promise,) = CONTRACT.objectives
    assert isinstance(promise.credit, Step)
    tiers = (*promise.credit.tiers[:-1], replace(promise.credit.tiers[-1], percent=Fraction(50)))
    amended = replace(
        CONTRACT,
        version=2,
        objectives=(replace(promise, credit=replace(promise.credit, tiers=tiers)),),
    )
    changes = changes_between(statement(deep(), ()), statement(one_gpu(amended, 18), ()))
    terms = [change for change in changes if change.ground is Ground.TERMS]
    assert [(one.before, one.after) for one in terms if one.name == "contract version"] == [
        ("1", "2")
    ]
    assert any(
        "percent" in one.name and (one.before, one.after) == ("25 %", "50 %") for one in terms
    )


def test_statements_of_two_periods_are_not_compared() -> None:
    """Nor of two contracts."""
    other = replace(deep(), period=replace(deep().period, key="2026-09"))
    with pytest.raises(ValueError, match="of period 2026-09 and this one of 2026-10"):
        changes_between(statement(other, ()), first())


def test_what_format_2_did_not_say_is_no_change() -> None:
    """The term and the papers."""
    before = from_json(FORMAT_2.read_bytes())
    after = statement(bad_october())
    assert before.evaluation.contract.term != after.evaluation.contract.term
    assert changes_between(before, after) == ()


def test_lines_of_changes_fit_a_terminal() -> None:
    """As those of a statement."""
    lines = render_changes(first(), restated()).splitlines()
    assert max(map(len, lines)) <= COLUMNS
