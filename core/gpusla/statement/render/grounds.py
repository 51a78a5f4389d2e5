"""What the figures rest on: exclusions, terms, inputs, and how anybody can check them."""

from collections.abc import Iterator

from gpusla.contracts.words import duration, words
from gpusla.sla.digest import digest as evaluation_digest
from gpusla.sla.evaluation import Evaluation
from gpusla.statement.model import Statement
from gpusla.statement.numbers import shortest
from gpusla.statement.render.document import (
    Block,
    Commands,
    Facts,
    Mark,
    Paragraph,
    Row,
    Section,
    Table,
)
from gpusla.statement.render.wording import day_words, utc
from gpusla.statement.words import across_words, cap_words, unit_words, unknown_words

JOURNALS_MAX = 18
REFUSED_MAX = 25


def exclusions_section(evaluation: Evaluation) -> Section | None:
    """Return which exclusions counted and which did not, and why; None if there are none."""
    if not evaluation.exclusions and not evaluation.refused:
        return None
    blocks: list[Block] = []
    counted = ", ".join(evaluation.exclusions) or "none"
    blocks.append(Facts((("Counted", counted),)))
    rows = [
        Row(
            (refused.exclusion_id, utc(refused.interval.start_ms), utc(refused.interval.end_ms)),
            note=f"{refused.reason}.",
        )
        for refused in evaluation.refused[:REFUSED_MAX]
    ]
    if rows:
        blocks.append(Table(("Not counted", "from (UTC)", "to (UTC)"), tuple(rows), 0))
    more = len(evaluation.refused) - REFUSED_MAX
    if more > 0:
        blocks.append(Paragraph(f"And {more} more; all of them are in the JSON."))
    return Section("exclusions", "Time agreed not to count", tuple(blocks))


def policies_section(statement: Statement) -> Section:
    """Return every choice of the contract that a figure depends on."""
    evaluation = statement.evaluation
    blocks: list[Block] = [Facts(tuple(_contract_terms(evaluation)))]
    rows = [Row((name, *cells)) for name, *cells in _objective_terms(evaluation)]
    heads = tuple(objective.id for objective in evaluation.contract.objectives)
    blocks.append(Table(("For each objective", *heads), tuple(rows), 0))
    contract = evaluation.contract
    if contract.assumed:
        assumed = f"Assumed, not from the papers: {', '.join(contract.assumed)}."
        blocks.append(Paragraph(assumed, Mark.WARNING))
    if not contract.verified:
        unread = "Nobody has yet compared this contract's file with the signed papers."
        blocks.append(Paragraph(unread, Mark.WARNING))
    return Section("policies", "Terms that the figures follow", tuple(blocks))


def _contract_terms(evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    contract = evaluation.contract
    yield "Capacity", f"counts {unit_words(contract.capacity)}"
    yield "Part of a period", contract.fees.proration.value.replace("_", " ")
    yield "Rounding", f"{contract.fees.rounding.value.replace('_', ' ')}, once, at the total"
    yield "Objectives", across_words(contract.combination.across)
    for cap in contract.combination.caps:
        yield "Cap", cap_words(contract, cap)
    yield "Claims", contract.claims.mode.value.replace("_", " ")
    for rule in contract.exclusion_rules:
        notice = f"{duration(rule.notice_ms)} notice" if rule.notice_ms else "no notice"
        asked = "with approval" if rule.needs_approval else "without approval"
        yield "Exclusion rule", f"{rule.id}: {rule.kind}, {notice}, {asked}"
    if contract.statement.grade_min:
        grade, late = contract.statement.grade_min, duration(contract.statement.final_after_ms)
        yield "Evidence", f"of grade {grade} or better; final {late} after the period's end"


def _objective_terms(evaluation: Evaluation) -> Iterator[tuple[str, ...]]:
    """Yield the knife-edges of all objectives, a row each."""
    objectives = evaluation.contract.objectives
    currency = evaluation.contract.fees.currency
    plain = ("kind", "comparison", "scope", "granularity", "denominator", "value_rounding")
    for name in plain:
        cells = (words(name, getattr(one, name), currency) for one in objectives)
        yield (name.replace("_", " "), *(cell.replace("_", " ") for cell in cells))
    yield ("target", *(f"{shortest(one.target * 100)} %" for one in objectives))
    yield (
        "unobserved time",
        *(unknown_words(one).removeprefix("time that nobody observed ") for one in objectives),
    )
    yield ("degraded counts", *(f"{shortest(one.degraded.default * 100)} %" for one in objectives))
    yield ("shortest outage", *(duration(one.min_outage.length_ms) for one in objectives))
    yield ("clock error", *(duration(one.clock_error_ms) for one in objectives))


def inputs_section(statement: Statement) -> Section:
    """Return the digests of all that went in."""
    inputs, contract = statement.inputs, statement.evaluation.contract
    digests = (
        ("contract", contract.digest),
        ("inventory", inputs.inventory_digest),
        ("assignments", inputs.assignments_digest),
        ("exclusions", inputs.exclusions_digest or "none"),
        ("claims", inputs.claims_digest or "none"),
    )
    nodes = sorted(inputs.journals)
    rows = [
        Row((node, str(inputs.journals[node].sequence), inputs.journals[node].digest[:32]))
        for node in nodes[:JOURNALS_MAX]
    ]
    blocks: list[Block] = [Facts(digests, is_code=True)]
    if rows:
        heads = "Journal of node", "to record", "its digest begins with"
        blocks.append(Table(heads, tuple(rows), 0))
    if len(nodes) > JOURNALS_MAX:
        more = len(nodes) - JOURNALS_MAX
        blocks.append(Paragraph(f"And {more} more journals; all of them are in the JSON."))
    made = f"Time zones: edition {inputs.zone_edition}. Judged by {inputs.program}."
    blocks.append(Paragraph(made, Mark.QUIET))
    papers = [(one.id, one.digest or "no digest given") for one in contract.documents]
    if papers:
        blocks.append(Facts(tuple(papers), is_code=True))
    return Section("inputs", "What went in (SHA-256)", tuple(blocks))


def checking_section(statement: Statement, digest: str) -> Section:
    """Return how to check the statement without the provider."""
    evaluation = statement.evaluation
    name = f"{evaluation.contract.id}-{evaluation.period.key}.json"
    blocks: tuple[Block, ...] = (
        Paragraph(
            "Everything here is printed from the statement's JSON, which is attached to the PDF "
            "and can be had from the provider. On any computer, without a network once the first "
            "line has run:"
        ),
        Commands(
            (
                "pip install gpusla",
                f"gpusla statement {name}",
                f"gpusla explain --statement {name}",
            )
        ),
        Paragraph(
            "The second line prints these figures again and ends with the digest of the file, "
            "which must be the one below: whoever changes a byte changes the digest. It is also "
            "the SHA-256 of the file attached to the PDF. The third line shows the rule and the "
            "field of the contract behind every figure, down to the records of the nodes' "
            "journals. Figures are cut off and never rounded up; the JSON has them exact."
        ),
        Facts((("statement", digest), ("judgement", evaluation_digest(evaluation))), is_code=True),
    )
    return Section("checking", "How to check it yourself", blocks)


def period_words(evaluation: Evaluation) -> str:
    """Return the period as its statement is titled: the month, or its first day."""
    first = evaluation.period.first_day
    return day_words(first).partition(" ")[2] if first.day == 1 else f"from {day_words(first)}"
