"""What incidents that several contracts shared did to each of them, beside the house."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from gpusla.identity import ContractId


@dataclass(frozen=True, slots=True)
class Share:
    """
    One contract's part in an incident.

    lost_gpu_ms: of what it was owed.  exposed_gpu_ms: what it held in the shared place while the
    incident lasted.  committed_gpu_ms: what it was owed in that time, anywhere.
    """

    contract: ContractId
    lost_gpu_ms: Fraction
    exposed_gpu_ms: int
    committed_gpu_ms: int


@dataclass(frozen=True, slots=True)
class SharedIncident:
    """An incident of a domain or a plant; place: its name."""

    id: str
    place: str
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Pain:
    """
    What one contract lost, per hour of what it was owed, and of what it had in the place.

    incident: id; empty for all shared incidents together.  The first ratio says who was hurt most,
    the second who was helped last: it does not depend on how much of a contract stood there.
    *_of_house: the ratio by the house's; None if the house had no part, or lost nothing.
    """

    incident: str
    contract: ContractId
    per_committed: Fraction | None
    per_exposed: Fraction | None
    per_committed_of_house: Fraction | None
    per_exposed_of_house: Fraction | None


def pains(incidents: Iterable[SharedIncident], house: Iterable[ContractId]) -> tuple[Pain, ...]:
    """
    Return the pain of every contract in every incident that at least two had a part in.

    Then that of all these incidents together.  house: the owner's own contracts, taken as one.
    """
    own = frozenset(house)
    shared = [one for one in incidents if len({share.contract for share in one.shares}) > 1]
    everything = [share for one in shared for share in one.shares]
    found = [pain for one in shared for pain in _of(one.id, one.shares, own)]
    return (*found, *_of("", everything, own))


def _of(incident: str, shares: Sequence[Share], own: frozenset[ContractId]) -> Iterator[Pain]:
    house = _ratios([share for share in shares if share.contract in own])
    for contract in sorted({share.contract for share in shares}):
        ours = _ratios([share for share in shares if share.contract == contract])
        beside = (_over(one, other) for one, other in zip(ours, house, strict=True))
        yield Pain(incident, contract, *ours, *beside)


def _ratios(shares: Sequence[Share]) -> tuple[Fraction | None, Fraction | None]:
    lost = sum((share.lost_gpu_ms for share in shares), Fraction())
    committed_ms = sum(share.committed_gpu_ms for share in shares)
    exposed_ms = sum(share.exposed_gpu_ms for share in shares)
    return (
        lost / committed_ms if committed_ms else None,
        lost / exposed_ms if exposed_ms else None,
    )


def _over(one: Fraction | None, other: Fraction | None) -> Fraction | None:
    return one / other if one is not None and other else None
