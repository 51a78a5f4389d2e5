"""What may still be claimed by a statement, told alike wherever people and programs read it."""

from gpusla.sla.evaluation import ClaimStanding, Evaluation


def open_claim(evaluation: Evaluation) -> ClaimStanding | None:
    """
    Return the claim that is worth money and was not made by what was judged; else None.

    Whether its deadline is over is for the reader to tell: a statement knows no clock.
    """
    claim = evaluation.claim
    if claim is None or evaluation.is_shadow or claim.claimed_ms is not None:
        return None
    return claim if claim.claimable_minor_units else None


def claimable_minor_units(evaluation: Evaluation) -> int:
    """Return how much that claim is worth; 0 where there is none."""
    claim = open_claim(evaluation)
    return 0 if claim is None else claim.claimable_minor_units
