"""A statement as a document: the answer first, then what it rests on, down to how to check it."""

from gpusla.statement.canonical import digest
from gpusla.statement.model import Standing, Statement
from gpusla.statement.render.answer import (
    amount_of,
    facts_of,
    figures_section,
    sentences_of,
    standing_words,
)
from gpusla.statement.render.credit import credit_section
from gpusla.statement.render.document import Document, Section
from gpusla.statement.render.grounds import (
    checking_section,
    exclusions_section,
    inputs_section,
    period_words,
    policies_section,
)
from gpusla.statement.render.losses import losses_section, outages_section, picture_section
from gpusla.statement.render.promises import promises_section, time_section
from gpusla.statement.render.proof import evidence_section, incidents_section


def contents(
    statement: Statement,
    changes: Section | None = None,
    *,
    is_sealed: bool = False,
    is_pdf: bool = False,
) -> Document:
    """
    Return the document of a statement.

    changes: what is other than in an earlier statement of the same period, if there was one.
    is_sealed: whether the statement's signed envelope goes with the document.
    is_pdf: whether it goes within it, so that the document can be verified itself.
    """
    evaluation = statement.evaluation
    contract, label_and_amount = evaluation.contract, amount_of(statement)
    of_statement = digest(statement)
    sections = (
        changes,
        figures_section(statement),
        picture_section(evaluation),
        promises_section(evaluation),
        credit_section(statement),
        losses_section(evaluation),
        incidents_section(statement),
        outages_section(evaluation),
        exclusions_section(evaluation),
        time_section(evaluation),
        evidence_section(statement),
        policies_section(statement),
        inputs_section(statement),
        checking_section(statement, of_statement, is_sealed=is_sealed, is_pdf=is_pdf),
    )
    return Document(
        title="Service level statement",
        subject=period_words(evaluation),
        standing=standing_words(statement),
        is_settled=statement.standing in (Standing.FINAL, Standing.RESTATED),
        issuer=contract.parties.provider,
        recipient=contract.parties.tenant,
        amount_label=label_and_amount[0],
        amount=label_and_amount[1],
        sentences=tuple(sentences_of(statement)),
        facts=tuple(facts_of(statement)),
        sections=tuple(section for section in sections if section is not None),
        digest=of_statement,
    )
