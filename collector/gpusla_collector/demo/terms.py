"""
The second chapter: what the terms are worth.  Last month is judged once more on other terms, and
the contract says from when on it may be left, and what that costs at least.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.money import format_amount
from gpusla_collector.demo.scenery import Scenery
from gpusla_collector.demo.teller import StepFailedError, Teller

MIN_OUTAGE = "    min_outage: {length: PT10H, count: whole_run}\n"
"""One clause that many published texts have in some length; last month's outage took nine hours."""

BEFORE = "    window: {type: billing_period}\n"
COMMAND_SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True)
class Terms:
    """The steps; owed_minor_units: what was posted for the period, which is the month's key."""

    teller: Teller
    scenery: Scenery
    contract: ContractVersion
    period: str
    owed_minor_units: int

    def try_others(self) -> None:
        """Last month's facts under one more clause: outages below ten hours do not count."""
        with self.teller.step(
            "the same month, if outages under ten hours did not count"
        ) as figures:
            signed = self.scenery.contracts / f"{self.contract.id}.yaml"
            other, facts = self.scenery.folder / "other-terms.yaml", self._facts()
            text = signed.read_text("utf-8")
            other.write_text(text.replace(BEFORE, BEFORE + MIN_OUTAGE, 1), "utf-8")
            said = run("contract", "diff", str(signed), str(other), "--facts", str(facts))
            owed = format_amount(self.owed_minor_units, self.contract.fees.currency)
            expected = f"{owed} more for the provider"
            if expected not in said:
                raise StepFailedError(f"the two terms do not differ by {owed}: {said}")
            figures.append(("clause", "min_outage 0 → 10 h"))
            figures.append(("worth", expected))
            figures.append(("facts", str(facts)))

    def name_causes(self) -> None:
        """What went wrong last month, cause by cause: one switch is one incident, not 72."""
        with self.teller.step("what went wrong last month, cause by cause") as figures:
            path = self.scenery.contracts / f"{self.contract.id}.yaml"
            said = run("incidents", str(path), "--facts", str(self._facts())).splitlines()
            if len(said) < 3 or " 72 " not in said[2]:  # noqa: PLR2004  (a heading, its columns, a row)
                raise StepFailedError(f"the switch is not the dearest incident: {said[:3]}")
            figures.append(("found", said[0].partition(": ")[2]))
            figures.append(("dearest", " ".join(said[2].split())))

    def list_rights(self) -> None:
        """From when on the contract may be left, and what is paid until then at least."""
        with self.teller.step("when may it be left, and what does that cost at least?") as figures:
            path = self.scenery.contracts / f"{self.contract.id}.yaml"
            lines = run("contract", "rights", str(path)).splitlines()
            notice = _line(lines, "days may be given")
            spent = _line(lines, "as this contract reads")
            figures.append(("notice", " ".join(notice.split("[")[0].split())))
            figures.append(("at least", " ".join(spent.split("(")[0].split())))

    def _facts(self) -> Path:
        path = self.scenery.folder / f"facts-{self.period}.json"
        if path.exists():
            return path
        config = str(self.scenery.folder / "collector.yaml")
        words = ("collector", "facts", self.contract.id, self.period, "--config", config)
        run(*words, "--out", str(path))
        return path


def run(*words: str) -> str:
    """Run `gpusla` as a person would; return what it prints.  Raises StepFailedError."""
    finished = subprocess.run(  # noqa: S603  (our own command)
        [str(Path(sys.executable).parent / "gpusla"), *words],
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS_MAX,
        check=False,
    )
    if finished.returncode:
        raise StepFailedError(f"gpusla {' '.join(words)}: {finished.stderr.strip()}")
    return finished.stdout


def _line(lines: list[str], words: str) -> str:
    for line in lines:
        if words in line:
            return line
    raise StepFailedError(f"`gpusla contract rights` says nothing with {words!r}")
