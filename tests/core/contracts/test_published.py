"""Published SLAs as contract files: each names its source, and gives what its text gives."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from gpusla.contracts.calendar import start_of_day_ms
from gpusla.contracts.load import check_all, load_contract
from gpusla.contracts.model import ContractVersion, ExampleOutage, WorkedExample
from gpusla.contracts.promises import Objective, Scope
from gpusla.contracts.remedies import Base, ClaimMode, Linear, LinearOf, NoCredit, Step, Tier
from gpusla.sla.claims import deadline_ms
from gpusla.sla.periods import period_of
from gpusla.sla.worked import judged, mismatches
from tests.architecture.tree import ROOT
from tests.core.contracts.occurrences import outcome, read

EXAMPLES = ROOT / "examples"
TABLES = Path(__file__).parent / "published"
PAGE = ROOT / "docs" / "concepts" / "published-slas.md"

ROWS = {
    "AWS Compute, instance level": ["aws-compute-instance"],
    "AWS Compute, region level": ["aws-compute-region"],
    "AWS hourly commitment": ["aws-compute-instance"],
    "Google Compute Engine": ["google-compute-engine-single", "google-compute-engine-multi-zone"],
    "Google Vertex AI Search": ["google-vertex-ai-search"],
    "Azure VMs": ["azure-vm-single", "azure-vm-availability-set", "azure-vm-zones"],
    "Oracle OCI": ["oracle-oci"],
    "CoreWeave public terms": ["coreweave-region", "coreweave-multi-region"],
    "GMI Cloud, Atlas Cloud": ["gmi-cloud-region", "atlas-cloud-region"],
    "Voltage Park VM SLA": ["voltage-park-vm"],
    "Nebius": ["nebius-kubernetes", "nebius-postgresql", "nebius-object-storage"],
    "DigitalOcean Droplets": ["digitalocean-droplet"],
    "Vultr": ["vultr"],
    "IBM Cloud": ["ibm-cloud-ha", "ibm-cloud-other", "ibm-cloud-older"],
    "UpCloud": ["upcloud"],
    "GPUhub": ["gpuhub"],
    "ionstream GPU bare metal": ["ionstream"],
    "GPUYard": ["gpuyard"],
    "Safespring": ["safespring"],
    "Scaleway GPU": ["scaleway-gpu"],
    "Numbers asked of NVIDIA's partners": [
        "nvidia-kubernetes-control-plane",
        "nvidia-fast-storage",
    ],
}
"""Every text whose terms are known at least in part, and its files."""

PRIMARY = {
    "aws-compute-instance",
    "aws-compute-region",
    "google-vertex-ai-search",
    "gpuhub",
    "ibm-cloud-ha",
    "ibm-cloud-other",
    "ionstream",
    "nebius-kubernetes",
    "nebius-postgresql",
}
"""Files that hold nothing beside primary text but what stands under `assumed`."""

BY_FACTS_ALONE = {"google-vertex-ai-search", "nebius-object-storage"}
"""Files about requests, which worked examples cannot let fail; their tables do."""

OURS = {"term", "fees", "capacity", "statement"}
"""What no published text has: whose contract it is, for how much and from when."""

FILES = sorted((EXAMPLES / "published").glob("*.yaml"))
STEMS = [file.stem for file in FILES]
DAY_MS = 86_400_000
A_MILLIONTH = Fraction(1, 1_000_000)


def text_of(stem: str) -> str:
    """A published file as it stands."""
    return (EXAMPLES / "published" / f"{stem}.yaml").read_text("utf-8")


@cache
def contract(stem: str) -> ContractVersion:
    """A published file as it is judged."""
    return load_contract(text_of(stem).encode("utf-8"), f"{stem}.yaml")


def lines() -> Iterator[tuple[str, str]]:
    """Every case with the file that it is judged by."""
    for file in sorted(TABLES.glob("*.txt")):
        for line in file.read_text("utf-8").splitlines():
            if line and not line.startswith("#"):
                yield file.stem, line


CASES = list(lines())


@pytest.mark.parametrize(("stem", "line"), CASES, ids=lambda text: text.split(" | ")[0])
def test_a_published_sla_gives_what_its_text_gives(stem: str, line: str) -> None:
    """One line of the tables holds."""
    _, words, expected = (part.strip() for part in line.split("|"))
    found = outcome(contract(stem), read(words))
    wanted = dict(item.strip().split(" ") for item in expected.split(";"))
    for name, figure in wanted.items():
        is_number = figure != "none" and name.endswith(("credit", "availability"))
        exact = Fraction if is_number else str
        assert exact(found[name]) == exact(figure), name


@pytest.mark.parametrize(
    ("stem", "words", "dollars"),
    [
        ("aws-compute-instance", "out=8@0s+1h", "10.00"),
        ("google-compute-engine-single", "out=8@0s+1h", "720.00"),
        ("azure-vm-single", "out=8@0s+1h", "720.00"),
        ("digitalocean-droplet", "out=8@0s+1h", "10.00"),
        ("ionstream", "out=8@0s+1h", "2.80"),
        ("vultr", "out=8@0s+1h", "480.00"),
        ("upcloud", "out=8@0s+1h", "500.00"),
        ("gpuhub", "out=8@0s+1h", "10.00"),
        ("gpuhub", "low=network:0s+1h", "20.00"),
        ("gpuyard", "out=8@0s+1h", "0.00"),
    ],
)
def test_an_hour_is_worth_what_the_page_says(stem: str, words: str, dollars: str) -> None:
    """The same outage under nine texts."""
    assert Fraction(outcome(contract(stem), read(words))["credit"]) == Fraction(dollars)
    provider = contract(stem).parties.provider.split()[-1]
    name = {"Services": "AWS", "Cloud": "Google"}.get(provider, provider)
    table = PAGE.read_text("utf-8").split("## What an hour is worth")[1]
    assert re.search(rf"^\| [^|]*{name}[^|]* \| {re.escape(dollars)} \|", table, re.MULTILINE)


@pytest.mark.parametrize("stem", STEMS)
def test_every_threshold_is_tried_on_it_and_on_both_sides(stem: str) -> None:
    """A millionth above, exactly, a millionth below; what no value decides needs none."""
    cases = [read(line.split("|")[1]) for file, line in CASES if file == stem]
    tried = {(case.of, case.value) for case in cases}
    for objective in contract(stem).objectives:
        for at in thresholds(objective):
            around = {at - A_MILLIONTH, at, *([at + A_MILLIONTH] if at < 1 else [])}
            assert {(objective.id, one) for one in around} <= tried


def thresholds(objective: Objective) -> set[Fraction]:
    """Where an objective's verdict or credit changes with its value."""
    match objective.credit:
        case Step() as step:
            return {objective.target, *(tier.below for tier in step.tiers)}
        case NoCredit() | Linear():
            return {objective.target}
        case _:
            return set()


@pytest.mark.parametrize(
    "file", [*FILES, *sorted((EXAMPLES / "contracts").glob("*.yaml"))], ids=lambda file: file.stem
)
def test_worked_examples_come_out_as_they_are_written(file: Path) -> None:
    """Of the published files, and of the five of the news."""
    assert mismatches(load_contract(file.read_bytes(), file.name)) == ()


@pytest.mark.parametrize("stem", sorted(set(STEMS) - BY_FACTS_ALONE))
def test_a_file_has_examples_that_differ(stem: str) -> None:
    """At least two, of which one keeps the promise and another one does not."""
    values = {one.availability for one in contract(stem).examples}
    assert len(contract(stem).examples) >= 2
    assert len(values) >= 2


def test_a_file_without_examples_speaks_of_requests_alone() -> None:
    """Nothing else is excused."""
    for stem in BY_FACTS_ALONE:
        assert contract(stem).examples == ()
        assert {one.kind.value for one in contract(stem).objectives} == {"request_ratio"}


@pytest.mark.parametrize(
    ("stem", "last_day"),
    [
        # The first incident is on Monday, 2 November; the month ends on Monday the 30th.
        ("aws-compute-instance", date(2027, 1, 31)),  # the end of the second month after it
        ("aws-compute-region", date(2027, 1, 31)),
        ("google-compute-engine-single", date(2027, 1, 1)),  # 28 + 31 + 1 days
        ("google-compute-engine-multi-zone", date(2027, 1, 1)),
        ("azure-vm-single", date(2027, 1, 30)),  # two months after the 30th
        ("azure-vm-availability-set", date(2027, 1, 30)),
        ("azure-vm-zones", date(2027, 1, 30)),
        ("oracle-oci", date(2026, 12, 2)),
        ("coreweave-region", date(2026, 11, 12)),
        ("coreweave-multi-region", date(2026, 11, 12)),
        ("voltage-park-vm", date(2026, 12, 2)),
        ("nebius-kubernetes", date(2026, 12, 14)),
        ("nebius-postgresql", date(2026, 12, 14)),
        ("nebius-object-storage", date(2026, 12, 14)),
        ("digitalocean-droplet", date(2027, 2, 28)),  # February has no 30th
        ("vultr", date(2026, 11, 5)),
        ("ibm-cloud-older", date(2026, 12, 3)),  # Tuesday, Wednesday, Thursday
        ("upcloud", date(2026, 11, 17)),
        ("gpuyard", date(2026, 12, 2)),
    ],
)
def test_a_claim_may_be_made_until_the_end_of_a_day(stem: str, last_day: date) -> None:
    """As published; the next midnight is too late."""
    of = contract(stem)
    november = period_of(of, "2026-11")
    incident_ms = november.interval.start_ms + DAY_MS + DAY_MS // 2
    assert of.claims.mode is ClaimMode.ON_CLAIM
    too_late_ms = deadline_ms(of, november, incident_ms)
    assert too_late_ms == start_of_day_ms(last_day + timedelta(days=1), "UTC")


def test_all_others_give_credit_without_a_claim() -> None:
    """Because no text of a claim was recovered, which is assumed and not known."""
    claimed = {stem for stem in STEMS if contract(stem).claims.mode is ClaimMode.ON_CLAIM}
    assert len(claimed) == 19
    for stem in set(STEMS) - claimed:
        assert "claims" in contract(stem).assumed


@pytest.mark.parametrize("stem", sorted(set(STEMS) - BY_FACTS_ALONE))
def test_what_nobody_saw_is_for_the_tenant_to_bear(stem: str) -> None:
    """All these texts ask the tenant for the proof."""
    gpus = contract(stem).capacity.ramp[0].gpus
    found = outcome(contract(stem), read(f"out={gpus}@0s+30d=unknown"))
    assert (found["availability"], found["credit"]) == ("1", "0")


@pytest.mark.parametrize("stem", sorted(BY_FACTS_ALONE | {"gpuhub", "oracle-oci"}))
def test_requests_and_measurements_that_nobody_took_are_for_the_tenant_too(stem: str) -> None:
    """As above, where no slot of a GPU is looked at."""
    assert {one.unknown.policy.value for one in contract(stem).objectives} == {"tenant_bears"}


@pytest.mark.parametrize("stem", sorted(set(STEMS) - BY_FACTS_ALONE))
def test_announced_maintenance_counts_if_it_was_told_too_late(stem: str) -> None:
    """A day before, at Safespring a week; a second later is too late."""
    rules = {rule.id for rule in contract(stem).exclusion_rules}
    if "announced-maintenance" not in rules:
        assert rules & {"non-critical-maintenance", "maintenance"}  # which need no notice
        return
    gpus = contract(stem).capacity.ramp[0].gpus
    due, late = ("7d", "6d23h59m59s") if stem == "safespring" else ("24h", "23h59m59s")
    words = f"out={gpus}@0s+13h:announced-maintenance told="
    assert outcome(contract(stem), read(words + due))["availability"] == "1"
    assert outcome(contract(stem), read(words + late))["availability"] != "1"


def test_older_ibm_services_credit_a_part_of_a_whole_twelfth() -> None:
    """Also where half a month is judged, whose fee is 7,200: 25 % of 14,400, of which 12 % stay."""
    half = replace(contract("ibm-cloud-older"), effective_from=date(2026, 11, 16))
    outage = ExampleOutage(16, 20 * DAY_MS, 217 * 60_000, "down", "")  # 1.005 % of 15 days
    found = judged(half, WorkedExample("half a month", "2026-11", (outage,), None, 0))
    assert found.fee_minor_units == 720_000
    assert found.settlement.combined.value == 360_000
    assert found.credit_minor_units.value == 172_800


@pytest.mark.parametrize(
    ("stem", "cents"),
    [
        ("coreweave-region", 360_000),
        ("coreweave-multi-region", 720_000),
        ("voltage-park-vm", 720_000),
    ],
)
def test_a_published_cap_holds_once_somebody_fills_in_the_table(stem: str, cents: int) -> None:
    """Half of the month's fee at CoreWeave, the machine's whole bill at Voltage Park."""
    of = contract(stem)
    base = Base.UNIT_FEE if of.objectives[0].scope is Scope.UNIT else Base.PERIOD_FEE
    filled = replace(of.objectives[0], credit=Step(base, (Tier(Fraction(1), Fraction(100)),)))
    outage = ExampleOutage(of.capacity.ramp[0].gpus, 0, 30 * DAY_MS, "down", "")
    example = WorkedExample("all month", "2026-11", (outage,), None, 0)
    found = judged(replace(of, objectives=(filled,)), example)
    assert found.credit_minor_units.value == cents


@pytest.mark.parametrize("stem", STEMS)
def test_a_file_says_where_it_comes_from_and_when_that_was_read(stem: str) -> None:
    """In the comment that it begins with."""
    header = " ".join(line[2:] for line in text_of(stem).split("apiVersion")[0].splitlines())
    assert re.search(r"Source: \S+ .*(Primary|primary|[Ss]econd-hand)", header)
    assert re.search(r"Read: (autumn 2026|\d{4}-\d\d-\d\d)\.", header)


@pytest.mark.parametrize("stem", STEMS)
def test_only_what_is_primary_is_verified(stem: str) -> None:
    """And there no figure that decides money is assumed."""
    of = contract(stem)
    assert of.verified == (stem in PRIMARY)
    if of.verified:
        header = text_of(stem).split("apiVersion")[0]
        assert "assumed" not in header
        for number, objective in enumerate(of.objectives):
            guessed = [one for one in of.assumed if one.startswith(f"slos[{number}].credit")]
            by_target = isinstance(objective.credit, Step) or _is_of_shortfall(objective)
            assert not guessed
            assert not (by_target and f"slos[{number}].target" in of.assumed)


def _is_of_shortfall(objective: Objective) -> bool:
    credit = objective.credit
    return isinstance(credit, Linear) and credit.of is LinearOf.SHORTFALL_BELOW_TARGET


@pytest.mark.parametrize("stem", STEMS)
def test_a_percentage_that_nobody_published_is_not_invented(stem: str) -> None:
    """Where the whole credit is assumed, it is none."""
    of = contract(stem)
    for number, objective in enumerate(of.objectives):
        if f"slos[{number}].credit" in of.assumed and stem != "oracle-oci":
            assert isinstance(objective.credit, NoCredit)


@pytest.mark.parametrize("stem", STEMS)
def test_what_is_ours_is_assumed(stem: str) -> None:
    """Fleet, fee and term, and what is silent in every text: unseen and degraded time."""
    of = contract(stem)
    assumed = set(of.assumed)
    assert assumed >= OURS
    assert of.parties.tenant == "Example customer"
    given = text_of(stem).split("slos:")[1].split("exclusions:")[0]
    for key in ("unknown", "degraded"):
        silent = sum(one.startswith("slos") and one.endswith(f".{key}") for one in assumed)
        is_told = stem.startswith("ibm") and key == "unknown"
        assert is_told or silent == given.count(f"    {key}:")


def test_every_known_text_has_its_files() -> None:
    """And no file is of a text that is not listed."""
    assert sorted({stem for stems in ROWS.values() for stem in stems}) == STEMS
    assert {file for file, _ in CASES} == set(STEMS)


def test_they_can_be_loaded_together() -> None:
    """Each is a contract of its own."""
    check_all([contract(stem) for stem in STEMS])


def test_every_file_has_its_row_and_its_link() -> None:
    """In the table of the folder, with the same verdict, and on the page about all of them."""
    table = (EXAMPLES / "published" / "README.md").read_text("utf-8")
    rows = dict(re.findall(r"\[([a-z0-9-]+)\]\(\1\.yaml\) .*\| (yes|no) \|$", table, re.MULTILINE))
    assert rows == {stem: "yes" if stem in PRIMARY else "no" for stem in STEMS}
    page = PAGE.read_text("utf-8")
    linked = set(re.findall(r"\.\./\.\./examples/published/([a-z0-9-]+)\.yaml", page))
    assert linked == set(STEMS)
