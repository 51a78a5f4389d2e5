"""
What happens whatever the collectors do: contracts, journals and files over time, from a seed.

Two runs over the same facts, one disturbed and one not, must come to the same books.
"""

import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from gpusla.documents import digest
from gpusla.identity import ContractId, NodeName
from gpusla.instants import format_instant
from gpusla.journal.chain import Head
from gpusla.journal.codec import digest as line_digest
from gpusla_collector.ports import InputFile
from tests.collector import site
from tests.collector.journals import DOWN, Journal, tray_slots
from tests.simulation.calendar import DAY_MS, Due, due_periods, midnight_ms, month_after

HOUR_MS = 3_600_000
FINAL_AFTER_MS = 2 * DAY_MS
MONTHS = 3
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "America/Havana",
    "Asia/Kolkata",
    "Pacific/Chatham",
)
FIRST_MONTHS = (2, 3, 8, 9, 10)
"""From these, three months see a change of the clocks on either half of the Earth."""

ON_CLAIM = "claims: {mode: on_claim, deadline: {anchor: end_of_period, days: 30}}\n"
CAPPED = 'combine: {across_slos: max, caps: [{percent: "7", of: period_fee}]}\n'
CAP_PERCENT = 7
CLAIMS_HEAD = "apiVersion: gpusla/v1\nkind: Claims\nclaims:\n"
GPUS = 4


@dataclass(frozen=True, slots=True)
class Paper:
    """
    A contract on one tray.

    amended: the day from which a second version holds.  fee_minor_units: the dearer version's.
    """

    tray: site.Tray
    timezone: str
    first_day: date
    amended: date | None
    fee_minor_units: int
    is_capped: bool
    periods: tuple[Due, ...]

    @property
    def contract(self) -> ContractId:
        """The contract's name."""
        return ContractId(self.tray.contract)


@dataclass(frozen=True, slots=True)
class Written:
    """All that a node ever writes: its lines, when each is there, and the digest of each."""

    lines: tuple[bytes, ...]
    at_ms: tuple[int, ...]
    digests: tuple[str, ...]

    def count(self, now_ms: int) -> int:
        """Return how many lines there are at an instant."""
        return bisect_right(self.at_ms, now_ms)

    def head(self, count: int) -> Head:
        """Return the head of the journal when it has so many lines, at least one."""
        return Head(count, self.digests[count - 1])


@dataclass(frozen=True, slots=True)
class Put:
    """A file that people write, and when."""

    at_ms: int
    kind: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """
    Everything that is drawn beside the faults.

    puts: in time order.  is_accruing: open months are judged too, so that credits accrue; without,
    two runs must write the same entries one by one.
    """

    papers: tuple[Paper, ...]
    journals: dict[NodeName, Written]
    puts: tuple[Put, ...]
    start_ms: int
    end_ms: int
    is_accruing: bool

    def files(self, now_ms: int) -> tuple[InputFile, ...]:
        """Return the files as they stand at an instant."""
        texts = {(put.kind, put.name): put.text for put in self.puts if put.at_ms <= now_ms}
        return tuple(
            InputFile(kind, name, digest(text.encode()), text.encode())
            for (kind, name), text in texts.items()
        )

    def finals(self) -> tuple[int, ...]:
        """Return when each period is to be settled, in order."""
        ends = {due.end_ms for paper in self.papers for due in paper.periods}
        return tuple(sorted(end_ms + FINAL_AFTER_MS for end_ms in ends))


def facts_of(seed: int) -> Facts:
    """Draw the facts of a seed."""
    dice = random.Random(f"facts {seed}")  # noqa: S311  (a seed, not a secret)
    first = date(dice.randint(2026, 2030), dice.choice(FIRST_MONTHS), 1)
    is_claimed, is_accruing = dice.random() < 0.4, dice.random() < 0.5
    papers = tuple(_paper(dice, number, first) for number in range(1, dice.choice((2, 2, 3))))
    start_ms = min(paper.periods[0].start_ms for paper in papers) - HOUR_MS
    end_ms = max(paper.periods[-1].end_ms for paper in papers) + FINAL_AFTER_MS + DAY_MS
    return Facts(
        papers,
        {paper.tray.node: _journal(dice, paper.tray, start_ms, end_ms) for paper in papers},
        tuple(
            sorted(
                _puts(dice, papers, start_ms, is_claimed=is_claimed),
                key=lambda put: put.at_ms,
            )
        ),
        start_ms,
        end_ms,
        is_accruing,
    )


def _paper(dice: random.Random, number: int, first: date) -> Paper:
    timezone, amended = dice.choice(ZONES), None
    fee = dice.randint(100, 99_999)
    if dice.random() < 0.5:
        month = dice.choice((first, month_after(first)))
        amended = month + timedelta(days=dice.randint(9, 25))
    tray = site.Tray(f"t{number:02}", f"c{number}", f"tenant-{number}", f"{fee}.{number:02}")
    periods = due_periods(first, MONTHS, timezone, amended)
    fee_minor_units = (fee * 100 + number) * (1 if amended is None else 2)
    return Paper(tray, timezone, first, amended, fee_minor_units, dice.random() < 0.3, periods)


def _journal(dice: random.Random, tray: site.Tray, start_ms: int, end_ms: int) -> Written:
    """Write what a tray saw: runs of hours, some with GPUs down, silences, and restarts."""
    journal = Journal(tray.node, tray_slots("c2", "r01", tray.tray), start_ms)
    at_ms, times = start_ms, [start_ms]
    journal.start(at_ms)
    while at_ms < end_ms:
        chance = dice.random()
        if chance < 0.05:
            at_ms += dice.randint(1, 6 * 3_600) * 1_000
        elif chance < 0.1:
            journal.stop(at_ms)
            times.append(at_ms)
            at_ms += dice.randint(1, 7_200) * 1_000
            journal.start(at_ms)
            times.append(at_ms)
        is_bad = dice.random() < 0.15
        down = {s: DOWN for s in journal.slots if dice.random() < 0.3} if is_bad else {}
        until_ms = at_ms + dice.randint(2 * 3_600, 30 * 3_600) * 1_000
        journal.observe(at_ms, until_ms, down)
        times.append(until_ms)
        at_ms = until_ms + 1_000
    digests = tuple(line_digest(line) for line in journal.lines)
    return Written(tuple(journal.lines), tuple(times), digests)


def _puts(
    dice: random.Random,
    papers: tuple[Paper, ...],
    start_ms: int,
    *,
    is_claimed: bool,
) -> Iterator[Put]:
    trays = tuple(paper.tray for paper in papers)
    before = f"{papers[0].first_day - timedelta(days=2)}T00:00:00Z"
    recorded = f"{papers[0].first_day - timedelta(days=9)}T00:00:00Z"
    for kind, text in (
        ("Inventory", site.inventory_text("http://agents", trays)),
        ("Assignments", site.assignments_text(trays)),
    ):
        dated = text.replace("2026-07-01T00:00:00Z", before)
        dated = dated.replace("2026-06-20T00:00:00Z", recorded)
        yield Put(start_ms, kind, f"{kind.lower()}.yaml", dated)
    for paper in papers:
        yield Put(
            start_ms, "Contract", f"{paper.contract}-1.yaml", _text(paper, 1, is_claimed=is_claimed)
        )
        if paper.amended is not None:
            lead_ms = dice.randint(6, 72) * HOUR_MS
            at_ms = max(start_ms, midnight_ms(paper.amended, paper.timezone) - lead_ms)
            text = _text(paper, 2, is_claimed=is_claimed)
            yield Put(at_ms, "Contract", f"{paper.contract}-2.yaml", text)
    if is_claimed:
        yield from _claims(dice, papers)


def _text(paper: Paper, version: int, *, is_claimed: bool) -> str:
    """Return a version's file; the second costs twice as much."""
    after = paper.first_day
    for _ in range(MONTHS):
        after = month_after(after)
    text = site.contract_text(paper.tray)
    text = text.replace("end: 2027-06-30", f"end: {after - timedelta(days=1)}")
    text = text.replace("timezone: UTC", f"timezone: {paper.timezone}")
    text = text.replace("2026-07-01", str(paper.first_day))
    if version > 1:
        text = text.replace("version: 1", f"version: {version}")
        text = text.replace(
            f"effective_from: {paper.first_day}", f"effective_from: {paper.amended}"
        )
        fee = paper.fee_minor_units
        text = text.replace(f'"{paper.tray.fee}"', f'"{fee // 100}.{fee % 100:02}"')
    more = (ON_CLAIM if is_claimed else "") + (CAPPED if paper.is_capped else "")
    return text.replace("statement:", f"{more}statement:")


def _claims(dice: random.Random, papers: tuple[Paper, ...]) -> Iterator[Put]:
    """Claim some months, before or after they are settled, and take some claims back."""
    made: list[tuple[int, str]] = []
    for paper in papers:
        for due in paper.periods[: MONTHS - 1]:
            if due.key.endswith("-v1") or dice.random() < 0.3:
                continue
            id_, made_ms = f"k-{due.key[:7]}", due.end_ms + dice.randint(1, 20 * 24) * HOUR_MS
            of = f"contract: {paper.contract}, period: {due.key[:7]}"
            made.append((made_ms, _claim(f"{id_}-{paper.contract}", of, made_ms, "")))
            if dice.random() < 0.3:
                back_ms = made_ms + dice.randint(2, 72) * HOUR_MS
                more = f", supersedes: {id_}-{paper.contract}, withdrawn: true"
                made.append((back_ms, _claim(f"{id_}-{paper.contract}-w", of, back_ms, more)))
    text = CLAIMS_HEAD
    for made_ms, record in sorted(made):
        text += record
        yield Put(made_ms + HOUR_MS, "Claims", "claims.yaml", text)


def _claim(id_: str, of: str, made_ms: int, more: str) -> str:
    """Return a record that is put on record an hour after the claim was made or taken back."""
    claimed, recorded = format_instant(made_ms), format_instant(made_ms + HOUR_MS)
    return (
        f"  - {{id: {id_}, {of}, claimed_at: {claimed},\n"
        f"     by: tenant, reference: ticket, recorded_at: {recorded}{more}}}\n"
    )
