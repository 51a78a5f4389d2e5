"""
The errors of the product.

    GpuslaError
    ├── InputError             a file, a setting or an argument that cannot be honoured
    │   ├── ContractError      … in a contract
    │   ├── InventoryError     … in an inventory, an assignment, an exclusion or a claim
    │   └── SettingsError      … in a settings file
    ├── SourceError            GPU readings cannot be had
    ├── JournalError           a journal cannot be written, read or believed
    ├── EvidenceError          a signed envelope or a bundle cannot be believed
    ├── StoreError             the database
    │   └── LedgerError        … refuses a booking
    └── ServiceError           something over the network does not answer

Each carries a code of `gpusla.catalogue.codes`, the thing, the cause and the way out, so that a
command can print one sentence and a machine can count by code.
"""

from dataclasses import dataclass

from gpusla.catalogue.codes import ErrorCode


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a file: line and column count from 1; zero means the whole file."""

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.source
        return f"{self.source}:{self.line}:{self.column}"


class GpuslaError(Exception):
    """
    The root: one sentence that names the thing, the value, the cause and the way out.

    code: row of the catalogue.  message: what failed and why, without a full stop at the end.
    fix: the way out for this very case; the catalogue's general one when empty.
    position: where in a file, when it is in a file.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        fix: str = "",
        position: Position | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fix = fix or code.way_out
        self.position = position

    def __str__(self) -> str:
        where = f"{self.position}: " if self.position else ""
        return f"{where}{self.message}. {self.fix} [{self.code.code}]"


class InputError(GpuslaError):
    """A file, a setting or an argument that cannot be honoured; nothing was changed by it."""


class ContractError(InputError):
    """A contract that cannot be judged."""


class InventoryError(InputError):
    """An inventory, an assignment, an exclusion or a claim that cannot be taken in."""


class SettingsError(InputError):
    """A settings file or a combination of settings that cannot be honoured."""


class SourceError(GpuslaError):
    """GPU readings cannot be had."""


class JournalError(GpuslaError):
    """A journal cannot be written, read or believed."""


class EvidenceError(GpuslaError):
    """A signed envelope or a bundle cannot be read, or cannot be believed."""


class StoreError(GpuslaError):
    """The database cannot do what was asked; `retryable` says whether trying again may help."""

    retryable = False


class LedgerError(StoreError):
    """The ledger refuses a booking."""


class ServiceError(GpuslaError):
    """Something over the network does not answer as it should; trying again may help."""

    retryable = True
