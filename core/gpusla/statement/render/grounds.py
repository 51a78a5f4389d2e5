"""What the figures rest on: exclusions, terms, inputs, and how anybody can check them."""

from gpusla.sla.digest import digest as evaluation_digest
from gpusla.sla.evaluation import Evaluation
from gpusla.statement.model import Statement
from gpusla.statement.policies import policies
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

JOURNALS_MAX = 18
SEALED_NAME = "statement.json"
"""As a bundle calls a statement in its signed envelope."""

BARE = (
    "the statement's JSON, which is attached to the PDF and can be had from the provider; its "
    "SHA-256 is the digest below. On any computer, without a network once the first line has run:"
)
SEALED = (
    f"the statement in the provider's signed envelope, which goes with this document as "
    f"{SEALED_NAME}. Printing did not check the signature. On any computer, without a network once "
    "the first line has run:"
)
THIS_PDF = "THIS.pdf"
ORDINALS = "second", "third", "fourth", "fifth", "sixth"
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
    blocks: list[Block] = [Facts(tuple(policies(evaluation.contract)))]
    contract = evaluation.contract
    told = [tuple(policies(contract, objective)) for objective in contract.objectives]
    rows = [Row((rows[0][0], *(words for _, words in rows))) for rows in zip(*told, strict=True)]
    heads = tuple(objective.id for objective in contract.objectives)
    blocks.append(Table(("For each objective", *heads), tuple(rows), 0))
    if contract.assumed:
        assumed = f"Assumed, not from the papers: {', '.join(contract.assumed)}."
        blocks.append(Paragraph(assumed, Mark.WARNING))
    if not contract.verified:
        unread = "Nobody has yet compared this contract's file with the signed papers."
        blocks.append(Paragraph(unread, Mark.WARNING))
    return Section("policies", "Terms that the figures follow", tuple(blocks))


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


def checking_section(
    statement: Statement, digest: str, *, is_sealed: bool, is_pdf: bool
) -> Section:
    """Return how to check the statement without the provider."""
    evaluation = statement.evaluation
    name = file_name(statement, is_sealed=is_sealed)
    verified = THIS_PDF if is_pdf else name
    told = SEALED if is_sealed else BARE
    first, *nth = ORDINALS if is_sealed else ("", *ORDINALS)
    blocks: tuple[Block, ...] = (
        Paragraph(f"Everything here is printed from {told}"),
        Commands(
            (
                "pip install gpusla[recompute]",
                *([f"gpusla verify {verified} --key KEY"] if is_sealed else []),
                f"gpusla statement {name}",
                f"gpusla explain --statement {name}",
                "gpusla verify BUNDLE --key KEY",
                "gpusla recompute BUNDLE --key KEY",
            )
        ),
        Paragraph(
            (f"The {first} line says whether the provider signed it as it is. " if first else "")
            + f"The {nth[0]} line prints these figures again and ends with the digest of the "
            "statement, which must be the one below: whoever changes a byte changes the digest. "
            f"The {nth[1]} shows the rule and the field of the contract behind every figure, down "
            "to the records of the nodes' journals. With the bundle of evidence, which the "
            f"provider gives on request, the {nth[2]} line says whether anything was changed since "
            f"it was signed, and the {nth[3]} comes to the same dollars from what the nodes "
            "signed. KEY is the provider's public key, as you were told it by another way. Figures "
            "are cut off and never rounded up; the JSON has them exact."
        ),
        Facts((("statement", digest), ("judgement", evaluation_digest(evaluation))), is_code=True),
    )
    return Section("checking", "How to check it yourself", blocks)


def file_name(statement: Statement, *, is_sealed: bool) -> str:
    """Return what the file that goes with a document is called."""
    evaluation = statement.evaluation
    is_named = not is_sealed
    return f"{evaluation.contract.id}-{evaluation.period.key}.json" if is_named else SEALED_NAME


def period_words(evaluation: Evaluation) -> str:
    """Return the period as its statement is titled: the month, or its first day."""
    first = evaluation.period.first_day
    return day_words(first).partition(" ")[2] if first.day == 1 else f"from {day_words(first)}"
