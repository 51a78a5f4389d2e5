"""
Whether chance explains that some units were served worse than others: a permutation test.

If whom a unit serves made no difference, any other split of the same units into two groups of the
same sizes would be as likely.  p is the part of all splits in which the first group comes off at
least as badly as it did.  Few splits are all looked at; of many, a stated number is drawn, and the
split that happened counts as one of them (so p is never 0).  Source: R. A. Fisher, "The Design of
Experiments" (1935), chapter III; B. Phipson and G. K. Smyth, "Permutation p-values should never be
zero" (2010).
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from gpusla.parity.service import Sample, pooled

DRAWS = 1_999
"""How many splits are drawn where not all are looked at, if nobody asks for another number."""

_WORDS_A_DIGEST = 8


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """
    How much worse the first group came off, and how often chance alone would do that.

    effect: the difference of the two groups' ratios; above 0 the first is worse.  ratio: the first
    by the second; None if that is 0.  extreme of splits came off at least as badly, the one that
    happened among them.  is_exact: every split was looked at; else seed names the draw.
    """

    effect: Fraction
    ratio: Fraction | None
    extreme: int
    splits: int
    is_exact: bool
    seed: str

    @property
    def p(self) -> Fraction:
        """How likely chance alone comes to at least this."""
        return Fraction(self.extreme, self.splits)


def permutation_test(
    ours: Sequence[Sample], theirs: Sequence[Sample], seed: str, draws: int = DRAWS
) -> PermutationTest:
    """
    Test whether our units came off worse than theirs; one-sided, by the ratio of sums.

    ours, theirs: at least one denominator above 0 in each; one of 0 is a piece that came on top.  A
    split that leaves the first group nothing but such pieces counts as bad.  All splits are looked
    at if they are no more than draws + 1.
    """
    everything = [*ours, *theirs]
    one, other = pooled(ours), pooled(theirs)
    assert one is not None
    assert other is not None
    count, size = len(everything), len(ours)
    is_exact = splits_of(count, size, draws + 1) <= draws + 1
    chosen = combinations(range(count), size) if is_exact else _drawn(seed, count, size, draws)
    worse = _Worse(everything, size)
    extreme, looked_at = (0, 0) if is_exact else (1, 1)
    for split in chosen:
        looked_at += 1
        extreme += worse.is_as_bad(split)
    ratio = one / other if other else None
    return PermutationTest(one - other, ratio, extreme, looked_at, is_exact, seed)


def splits_of(count: int, size: int, enough: int) -> int:
    """Return in how many ways size of count can be chosen, or some number above enough."""
    ways = 1
    for i in range(min(size, count - size)):
        ways = ways * (count - i) // (i + 1)
        if ways > enough:
            break
    return ways


def adjusted(chances: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """
    Return chances adjusted for their number, each in its place.

    Then the chance that any of them falls below a limit by chance is no more than the limit.
    Source: S. Holm, "A simple sequentially rejective multiple test procedure" (1979).
    """
    order = sorted(range(len(chances)), key=lambda i: chances[i])
    found = dict.fromkeys(order, Fraction(1))
    highest = Fraction(0)
    for rank, i in enumerate(order):
        highest = max(highest, min(Fraction(1), chances[i] * (len(chances) - rank)))
        found[i] = highest
    return tuple(found[i] for i in range(len(chances)))


class _Worse:
    """Compares a split with the one that happened, in integers."""

    def __init__(self, everything: Sequence[Sample], size: int) -> None:
        self._above = [numerator for numerator, _ in everything]
        self._below = [denominator for _, denominator in everything]
        self._all_above, self._all_below = sum(self._above), sum(self._below)
        self._is_even = len(set(self._below)) == 1
        above, below = sum(self._above[:size]), sum(self._below[:size])
        self._happened_above = above
        self._happened = self._difference(above, below)

    def is_as_bad(self, split: Iterable[int]) -> bool:
        """Return whether the first group of a split comes off at least as badly."""
        chosen = tuple(split)
        above = sum(map(self._above.__getitem__, chosen))
        if self._is_even:
            # Equal denominators: the difference goes with the numerator alone.
            return above >= self._happened_above
        below = sum(map(self._below.__getitem__, chosen))
        difference, scale = self._difference(above, below)
        happened, happened_scale = self._happened
        return difference * happened_scale >= happened * scale

    def _difference(self, above: int, below: int) -> tuple[int, int]:
        """Return the difference of both groups' ratios as a fraction that is not reduced."""
        rest_above, rest_below = self._all_above - above, self._all_below - below
        return above * rest_below - rest_above * below, below * rest_below


def _drawn(seed: str, count: int, size: int, draws: int) -> Iterator[Sequence[int]]:
    """
    Yield splits that follow from the seed alone.

    Of draw n, unit i gets the i-th word of 32 bits of SHA-256 over `seed|n|block`, block by block;
    the units with the smallest words form the first group, of equal words the earlier unit.
    """
    blocks = -(-count // _WORDS_A_DIGEST)
    words = struct.Struct(f">{blocks * _WORDS_A_DIGEST}I")
    for number in range(draws):
        digests = (
            hashlib.sha256(f"{seed}|{number}|{block}".encode()).digest() for block in range(blocks)
        )
        keys = words.unpack(b"".join(digests))
        yield sorted(range(count), key=keys.__getitem__)[:size]
