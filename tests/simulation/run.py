"""One run over the facts of a seed: disturbed and then healed, or not disturbed at all."""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gpusla.ledger.entries import Entry, Status
from gpusla_collector.ports import OPERATOR, Store
from tests.simulation.facts import FINAL_AFTER_MS, HOUR_MS, Facts, facts_of
from tests.simulation.faults import Weather
from tests.simulation.inside import Grounds
from tests.simulation.site import CALM, FoundError, Site
from tests.simulation.watch import broken, in_force, missing

STEPS = (1_000, 6_000)
"""How many times somebody acts in a disturbed run, about; each makes a few calls."""

TURNS = ("lead_turn", "reload_turn", "fetch_turn", "judge_turn", "close_turn")
WAKES = (24, 8, 24, 1, 18)
STRENGTHS = (0.3, 1, 3)
MINUTE_MS = 60_000
HEALED_MINUTES = 70
CUT_OFF_MS = 10 * HOUR_MS
SKEW_MS = 2 * HOUR_MS
QUIET_MS = 24 * HOUR_MS
"""Before a period is settled: so long no node is cut off, so that its evidence is in by then."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What a run came to.

    trace: digest of all that happened in it.  said: of each evaluation that an entry names.
    """

    operations: int
    counts: Counter[str]
    trace: str
    entries: tuple[Entry, ...]
    said: Mapping[str, str]


def simulate(seed: int, grounds: Grounds) -> Outcome:
    """
    Run a seed disturbed, heal it, and hold its books against those of a run without any fault.

    Raises FoundError with the seed and the last steps if anything does not hold.
    """
    facts = facts_of(seed)
    dice = random.Random(f"faults {seed}")  # noqa: S311  (a seed, not a secret)
    with grounds.fresh() as (inside, evidence):
        site = Site(seed, facts, inside, evidence, Weather(dice, dice.choice(STRENGTHS)))
        Storm(site, dice).blow()
        heal(site)
        disturbed = finished(site)
    with grounds.fresh() as (inside, evidence):
        site = Site(seed, facts, inside, evidence, CALM)
        undisturbed(site)
        calm = finished(site)
    if books(disturbed, facts) != books(calm, facts):
        lines = [*site.last, "disturbed:", *map(str, disturbed.entries)]
        lines += ["undisturbed:", *map(str, calm.entries)]
        message = f"seed {seed}: the books are not those of a run without faults\n"
        raise FoundError(message + "\n".join(lines))
    return Outcome(
        disturbed.operations + calm.operations,
        disturbed.counts + calm.counts,
        disturbed.trace + calm.trace,
        disturbed.entries,
        disturbed.said,
    )


class Storm:
    """The disturbed part of a run: who acts next, and what happens around them."""

    def __init__(self, site: Site, dice: random.Random) -> None:
        self.site = site
        self.dice = dice
        self.finals = site.facts.finals()
        self.assured = 0
        self.gap_ms = (site.facts.end_ms - site.facts.start_ms) // dice.choice(STEPS)

    def blow(self) -> None:
        """Act until the facts end."""
        site, dice = self.site, self.dice
        while site.now_ms < site.facts.end_ms:
            self._pass_time()
            if dice.random() < 0.9:
                self._prolong()
            if dice.random() < 0.03:
                self._around()
            host = dice.choice(site.hosts)
            turn = dice.choices(TURNS, WAKES)[0]
            if turn == "judge_turn" and not site.facts.is_accruing:
                turn = "close_turn"
            for _ in range(2 if dice.random() < 0.05 else 1):
                site.wake(host, turn)

    def _prolong(self) -> None:
        """Let whoever leads be the first to come back to the lease, as it mostly is."""
        for host in self.site.hosts:
            if host.turns is not None and self.site.watch.holder[0] == host.turns.holder:
                self.site.wake(host, "lead_turn")

    def _pass_time(self) -> None:
        """Mostly seconds, sometimes hours, sometimes up to just before something is due."""
        chance, dice, site = self.dice.random(), self.dice, self.site
        if chance < 0.6:
            site.pass_ms(dice.randint(0, 20_000))
        elif chance < 0.95:
            site.pass_ms(dice.randint(0, 4 * self.gap_ms))
        else:
            edges = [final_ms - back for final_ms in self.finals for back in (0, FINAL_AFTER_MS)]
            ahead = [ms for ms in edges if site.now_ms < ms < site.now_ms + 5 * HOUR_MS]
            if ahead:
                site.pass_ms(max(0, min(ahead) - site.now_ms + dice.randint(-2, 2)))
        while self.assured < len(self.finals):
            if site.now_ms < self.finals[self.assured] - SKEW_MS - 4 * HOUR_MS:
                break
            assure(site)
            self.assured += 1

    def _around(self) -> None:
        """A clock goes wrong or right, a node is cut off, a process ends, or mail is sent."""
        site, dice = self.site, self.dice
        host = dice.choice(site.hosts)
        kind = dice.choice(("step", "stand", "mend", "cut", "cut", "stop", "kill", "send", "send"))
        site.note("around", f"{host.name} {kind}")
        if kind == "step":
            host.clock.off_ms = dice.randint(-SKEW_MS, SKEW_MS)
        elif kind == "stand":
            host.clock.stands_at_ms = host.clock.wall_ms()
        elif kind == "mend":
            host.clock.off_ms, host.clock.stands_at_ms = 0, None
        elif kind == "cut":
            self._cut_off()
        elif kind == "stop" and host.turns is not None:
            site.wake(host, "stop")
            host.die()
        elif kind == "kill":
            host.die()
        else:
            site.sender.send(dice, is_calm=False)

    def _cut_off(self) -> None:
        site = self.site
        until_ms = site.now_ms + self.dice.randint(MINUTE_MS, CUT_OFF_MS)
        if not any(site.now_ms < final_ms < until_ms + QUIET_MS for final_ms in self.finals):
            site.agents.cut_off_until_ms[self.dice.choice(list(site.facts.journals))] = until_ms


def assure(site: Site) -> None:
    """
    See that files and evidence are taken in while there is time.

    A period that is settled without evidence because none could be had is settled rightly, and
    otherwise than in a run that had it; what the simulation compares must not depend on that.
    """
    weather, site.weather = site.weather, CALM
    site.agents.cut_off_until_ms.clear()
    helper = site.host(f"helper-{site.now_ms}")
    # Ahead of every clock, so that whoever leads is taken over from.
    helper.clock.off_ms = 2 * SKEW_MS
    for turn in ("lead_turn", "reload_turn", "fetch_turn", "stop"):
        site.wake(helper, turn)
    site.weather = weather


def heal(site: Site) -> None:
    """Mend everything and take turns past all patience; what is due must be settled by then."""
    site.weather = CALM
    site.agents.cut_off_until_ms.clear()
    for host in site.hosts:
        host.clock.off_ms, host.clock.stands_at_ms = 0, None
    # A lease runs as far ahead as the clock of whoever died with it did.
    site.pass_ms(SKEW_MS + MINUTE_MS)
    for _ in range(HEALED_MINUTES):
        site.pass_ms(MINUTE_MS)
        for host in site.hosts:
            for turn in turns_of(site.facts):
                site.wake(host, turn)


def undisturbed(site: Site) -> None:
    """Take all turns whenever something may have to be done, and nothing goes wrong."""
    facts = site.facts
    instants = {put.at_ms for put in facts.puts} | set(facts.finals())
    instants |= {final_ms - FINAL_AFTER_MS for final_ms in facts.finals()}
    for instant_ms in (*sorted(instants), facts.end_ms):
        site.pass_ms(max(0, instant_ms + MINUTE_MS - site.now_ms))
        for turn in turns_of(facts):
            site.wake(site.hosts[0], turn)


def turns_of(facts: Facts) -> tuple[str, ...]:
    """Return the turns that are taken over these facts, in order."""
    return tuple(turn for turn in TURNS if facts.is_accruing or turn != "judge_turn")


def finished(site: Site) -> Outcome:
    """Hold the books at the end to what was due; returns what the run came to."""
    entries = site.inside.store.entries(OPERATOR)
    site.watch.found += missing(site.facts, entries)
    site.watch.found += broken(site.facts, site.inside.store, site.evidence)
    site.sender.send(site.weather.dice, is_calm=True)
    announced = site.inside.announced()
    if announced is not None and site.sender.received != [entry.key for entry in entries]:
        site.watch.found.append(f"received {site.sender.received}")
    site.check()
    site.tell(repr(entries))
    digests = {entry.evaluation_digest for entry in entries}
    said = {digest: _said(site.inside.store, digest) for digest in digests}
    return Outcome(site.operations, site.counts, site.trace.hexdigest(), entries, said)


def _said(store: Store, digest: str) -> str:
    """
    Return the digest of what an evaluation says, whenever it was judged.

    What lasts beyond its end is cited by the records that were there by then, and the last of them
    may lie beyond the end: two that were judged at different times may name different ones.
    """
    judged = store.judgement(OPERATOR, digest)
    assert judged is not None  # the watch saw it
    content = json.loads(judged.content)
    for loss in (*content["losses"], *content["events"]):
        if loss["end_ms"] == content["until_ms"]:
            for cause in loss["causes"]:
                cause["evidence"] = cause["evidence"] and {**cause["evidence"], "last_sequence": 0}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def books(outcome: Outcome, facts: Facts) -> object:
    """
    Return what two runs over the same facts must agree in.

    Without accruals and claims that is every entry, and all that its evaluation says.  How often
    credits rose and fell while a month was open, and whether a claim came before the posting or
    corrected it, depends on when somebody looked; what stands in the end does not.  Where nothing
    is owed with or without a claim, the judgement that stands knows of it or not: the one that came
    later changed nothing.
    """
    is_claimed = any(put.kind == "Claims" for put in facts.puts)
    if not (facts.is_accruing or is_claimed):
        said = (
            replace(entry, evaluation_digest=outcome.said[entry.evaluation_digest])
            for entry in outcome.entries
        )
        return sorted(said, key=lambda entry: entry.key)
    return sorted(
        (
            *(e.contract, e.period, e.clause, e.amount_minor_units, e.lines),
            outcome.said[e.evaluation_digest] if e.amount_minor_units or not is_claimed else "",
        )
        for e in in_force(outcome.entries)
        if e.status is Status.POSTED
    )
