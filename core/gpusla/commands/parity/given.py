"""What the commands about parity are given: contracts, facts, records, a salt."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from gpusla.catalogue.codes import DUPLICATE_ID, NOTHING_TO_SHOW, UNKNOWN_REFERENCE, WRONG_TYPE
from gpusla.commands.contract.files import (
    bytes_of,
    files_of,
    read_contract_file,
    read_facts_file,
)
from gpusla.contracts.model import ContractVersion
from gpusla.documents import SIZE_BYTES_MAX, Document, parse
from gpusla.errors import InputError, Position
from gpusla.identity import ContractId
from gpusla.inventory.load import read_assignments, read_inventory
from gpusla.parity.from_facts import Registry, inputs_of
from gpusla.parity.history import Case
from gpusla.parity.report import Method, ParityInputs
from gpusla.parity.service import WHOLE_DAY
from gpusla.sla.evaluate import evaluate
from gpusla.sla.facts_file import RecordedFacts
from gpusla.sla.periods import period_of, version_on
from gpusla.timeline.model import Timeline

Contracts = Annotated[
    list[Path], typer.Argument(metavar="CONTRACT", help="Contract files, or folders of them.")
]
FactsFiles = Annotated[
    list[Path],
    typer.Option(
        "--facts",
        metavar="FILE",
        help="What `gpusla collector facts` wrote, one for each contract, all of one period.",
    ),
]
AssignmentsFile = Annotated[
    Path | None,
    typer.Option(
        "--assignments",
        metavar="FILE",
        help="Who was assigned what; without it hand-overs are taken from the facts.",
    ),
]
InventoryFile = Annotated[
    Path | None,
    typer.Option("--inventory", metavar="FILE", help="What the assignments' slots are."),
]
PeakHours = Annotated[
    str,
    typer.Option(
        "--peak",
        metavar="HH-HH",
        help="Hours of the local day in which maintenance is compared, such as 08-20.",
    ),
]
Salt = Annotated[
    str,
    typer.Option(
        "--salt",
        metavar="TEXT",
        envvar="GPUSLA_PARITY_SALT",
        help="16 random characters or more, new for each report, kept from tenants.",
    ),
]

_HOURS = 24


def read_inputs(
    contracts: Sequence[Path],
    facts: Sequence[Path],
    assignments: Path | None,
    inventory: Path | None,
    peak: str,
) -> ParityInputs:
    """Read and judge everything; raises InputError for the first thing that is wrong."""
    versions = _versions(files_of(contracts))
    method = Method(peak_hours=_peak_hours(peak))
    registry = _registry(assignments, inventory)
    cases: dict[tuple[ContractId, str], Case] = {}
    for path in facts:
        recorded = read_facts_file(path)
        key = recorded.contract, recorded.period
        if key in cases:
            raise InputError(
                DUPLICATE_ID,
                f"the facts of {recorded.contract} for {recorded.period} are given twice",
                fix="Name one file of them.",
                position=Position(str(path)),
            )
        cases[key] = _case(versions.get(recorded.contract, []), recorded, path)
    missing = sorted(versions.keys() - {contract for contract, _ in cases})
    if missing:
        raise InputError(
            NOTHING_TO_SHOW,
            f"no facts are given of {', '.join(missing)}, and whoever is left out is compared "
            "with nobody",
            fix="Give its facts too, or do not name its contract.",
        )
    return inputs_of(cases.values(), registry, method)


def salt_bytes(salt: str) -> bytes:
    """Return a salt as it goes into the digest; what is too short is refused there."""
    return salt.encode("utf-8", "surrogateescape")


def _versions(paths: Iterable[Path]) -> dict[ContractId, list[ContractVersion]]:
    found: dict[ContractId, list[ContractVersion]] = {}
    for path in paths:
        contract = read_contract_file(path)
        same = found.setdefault(contract.id, [])
        if any(one.version == contract.version for one in same):
            raise InputError(
                DUPLICATE_ID,
                f"{contract.id} version {contract.version} is given twice",
                fix="Name one file of it.",
                position=Position(str(path)),
            )
        same.append(contract)
    return found


def _case(versions: Sequence[ContractVersion], recorded: RecordedFacts, path: Path) -> Case:
    """Judge facts by the version that was in force."""
    if not versions:
        raise InputError(
            UNKNOWN_REFERENCE,
            f"these are facts of {recorded.contract}, and no contract file of it is given",
            fix="Name its file too.",
            position=Position(str(path)),
        )
    newest = max(versions, key=lambda one: one.version)
    period = period_of(newest, recorded.period, versions)
    version = version_on(versions, max(period.first_day, newest.term.start))
    timeline = recorded.facts.timeline
    assert isinstance(timeline, Timeline), "a file of facts holds spans"
    starts_ms = timeline.period.start_ms
    if version is None or starts_ms > period.interval.start_ms:
        raise InputError(
            NOTHING_TO_SHOW,
            f"the facts do not begin where period {period.key} of {newest.id} does"
            if version
            else f"no version of {newest.id} that is given was in force in {period.key}",
            fix="Give the contract that these facts were written under.",
            position=Position(str(path)),
        )
    until_ms = min(recorded.until_ms, period.interval.end_ms)
    judged = evaluate(version, period, until_ms, recorded.facts, versions=versions)
    return Case(judged, recorded.facts)


def _registry(assignments: Path | None, inventory: Path | None) -> Registry | None:
    if assignments is None and inventory is None:
        return None
    if assignments is None or inventory is None:
        missing = "--assignments" if assignments is None else "--inventory"
        raise InputError(
            WRONG_TYPE,
            f"{missing} is missing: assignments name slots of an inventory",
            fix="Give both files, or neither.",
        )
    known = read_inventory(_document(inventory))
    return Registry(read_assignments(_document(assignments), known), known)


def _document(path: Path) -> Document:
    return parse(bytes_of(path, SIZE_BYTES_MAX), str(path))


def _peak_hours(text: str) -> tuple[int, int]:
    if not text:
        return WHOLE_DAY
    first, _, last = text.partition("-")
    if first.isdecimal() and last.isdecimal() and 0 <= int(first) < int(last) <= _HOURS:
        return int(first), int(last)
    raise InputError(
        WRONG_TYPE,
        f"{text!r} are no hours of a day",
        fix="Write them like 08-20: from the first hour to the last, at most 24.",
    )
