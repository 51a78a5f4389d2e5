"""
The tenant's chapter: last month's statement, signed, taken home and checked without a network.

The operator's commands make it; the tenant's commands run where there is no network at all, if
this machine lets anybody have such a place.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from gpusla.contracts.money import format_amount
from gpusla_collector.demo.scenery import Scenery
from gpusla_collector.demo.teller import StepFailedError, Teller
from gpusla_collector.demo.terms import run

COMMAND_SECONDS_MAX = 120.0
NO_NETWORK = ("unshare", "--map-root-user", "--net")
"""A network namespace of its own has not even a loopback that is up."""

BROKEN = 6
"""What `gpusla verify` ends with if anything was changed."""


@dataclass(frozen=True, slots=True)
class Audit:
    """The steps; owed_minor_units: what was posted for the period, which is the month's key."""

    teller: Teller
    scenery: Scenery
    contract: str
    period: str
    owed_minor_units: int
    currency: str

    def hand_over(self) -> None:
        """Sign the statement, bundle the evidence, and draw the page that people look at."""
        with self.teller.step("the statement is signed and bundled for the tenant") as figures:
            config = ("--config", self._settings)
            month = (self.contract, self.period)
            run("statement", "sign", *month, *config, "--out", str(self._envelope))
            run("collector", "bundle", *month, *config, "--out", str(self._bundle))
            for form in ("html", "pdf"):
                page = self._envelope.with_suffix(f".{form}")
                run("statement", str(self._envelope), "--as", form, "--out", str(page))
                figures.append((form.upper(), str(page)))
            size_kib = self._bundle.stat().st_size // 1024
            figures.append(("bundle", f"{self._bundle} ({size_kib:,} KiB)"))

    def check(self) -> None:
        """Check bundle and PDF, and come to the same dollars, where there is no network."""
        with self.teller.step(f"the tenant checks it {self._where}") as figures:
            owed = format_amount(self.owed_minor_units, self.currency)
            for what in (self._bundle, self._envelope.with_suffix(".pdf")):
                ended, said = self._alone("verify", str(what), "--key", self._key())
                if ended:
                    raise StepFailedError(f"gpusla verify {what} ended with {ended}: {said}")
                figures.append((what.suffix[1:], said.splitlines()[0].strip()))
            ended, said = self._alone("recompute", str(self._bundle), "--key", self._key())
            if ended or owed not in said:
                raise StepFailedError(f"recomputing does not come to {owed} ({ended}): {said}")
            figures.append(("recomputed", owed))

    def tamper(self) -> None:
        """Change one byte of what one node said, pack all anew, and see that it is refused."""
        with self.teller.step("somebody changes one byte of what a node said") as figures:
            changed = self._bundle.with_name("changed.zip")
            member = _change_byte(self._bundle, changed)
            ended, said = self._alone("verify", str(changed), "--key", self._key())
            if ended != BROKEN or member not in said:
                raise StepFailedError(f"the change in {member} was not found ({ended}): {said}")
            figures.append(("refused", said.strip().splitlines()[-1]))

    def check_books(self) -> None:
        """Check ledger, evidence and all that was made of it against one another."""
        with self.teller.step("ledger and journals are checked against each other") as figures:
            said = run("fsck", "--config", self._settings).strip().splitlines()[-1]
            counted, _, found = said.partition(": ")
            figures.append(("looked at", counted))
            figures.append(("found", found.partition(";")[0]))

    @property
    def _settings(self) -> str:
        return str(self.scenery.folder / "collector.yaml")

    @property
    def _envelope(self) -> Path:
        return self.scenery.folder / f"statement-{self.period}.json"

    @property
    def _bundle(self) -> Path:
        return self.scenery.folder / f"{self.contract}-{self.period}.bundle.zip"

    @property
    def _where(self) -> str:
        return (
            "where there is no network" if self._prefix() else "(this machine gives no namespace)"
        )

    def _prefix(self) -> Sequence[str]:
        program = shutil.which(NO_NETWORK[0])
        if program is None:
            return ()
        tried = subprocess.run([*NO_NETWORK, "true"], capture_output=True, check=False)  # noqa: S603
        return () if tried.returncode else NO_NETWORK

    def _key(self) -> str:
        shown = run(
            "collector", "key", "show", "--config", str(self.scenery.folder / "collector.yaml")
        )
        return next(line.split()[-1] for line in shown.splitlines() if line.startswith("public"))

    def _alone(self, *words: str) -> tuple[int, str]:
        """Run a command of `gpusla` without a network; return how it ended and what it said."""
        finished = subprocess.run(  # noqa: S603  (our own command)
            [*self._prefix(), str(Path(sys.executable).parent / "gpusla"), *words],
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )
        return finished.returncode, finished.stdout + finished.stderr


def _change_byte(bundle: Path, changed: Path) -> str:
    """Write the bundle with one letter of its last node's word changed; return which member."""
    with ZipFile(bundle) as whole, ZipFile(changed, "w") as other:
        member = max(name for name in whole.namelist() if name.startswith("hours/"))
        for packed in whole.infolist():
            content = whole.read(packed)
            if packed.filename == member:
                content = content.replace(b"ok", b"oK", 1)
            other.writestr(packed, content)
    return member
