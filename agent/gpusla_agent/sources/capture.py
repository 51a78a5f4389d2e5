"""
A capture: what a worker said of one node, as a file that may be sent away.

Lines of JSON.  The first is the header; each other one has `at_ms` and `wall_ms`, the recorder's
clocks, and one of `listed` (what the driver lists, with who each GPU is), `pass` (one pass as the
worker told it) or `silent` (why there was none).  In a pass a family of calls is
`[microseconds, values, codes]`, values in the order that the header names them in and codes by
place for those that failed, or `[microseconds, code]` if all of it did.  Only what is listed here
gets into a capture, and every identifier is masked.
"""

import json
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import gpusla
from gpusla.catalogue.codes import EMPTY_FILE, FILE_TOO_LARGE, FILE_UNREADABLE, WRONG_TYPE
from gpusla.catalogue.readings import Consent
from gpusla.errors import InputError, Position
from gpusla_agent.sources.families import (
    FAMILIES,
    FAMILY,
    LINK_BYTES_FIELDS,
    LINK_ERROR_FIELDS,
    LINK_FIELDS,
)
from gpusla_agent.sources.masking import Masker

FORMAT = 1
SIZE_BYTES_MAX = 64 * 1_048_576
LINE_BYTES_MAX = 4 * 1_048_576

_LINKS = {
    "links": tuple(LINK_FIELDS),
    "link_bytes": tuple(LINK_BYTES_FIELDS),
    "link_errors": tuple(LINK_ERROR_FIELDS),
}
_PLAIN = {"name", "pci_bus_id", "driver_version", "vbios_version", "board_part_number"}
"""Of an identity, what says what the GPU is and not which."""

_COUNTS = ("count", "events", "events_lost", "other_events", "driver_changes")


@dataclass(frozen=True, slots=True)
class Header:
    """
    The first line of a capture.

    families: names of values by family.  links: names of a link's values by family.  interval_ms:
    from one pass to the next.  is_synthetic: no hardware was met.  note: what was done meanwhile.
    """

    agent_version: str
    source: str
    driver_version: str
    interval_ms: int
    is_synthetic: bool
    note: str
    consents: tuple[str, ...]
    families: Mapping[str, tuple[str, ...]]
    links: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Line:
    """One line behind the header; kind: `listed`, `pass` or `silent`."""

    at_ms: int
    wall_ms: int
    kind: str
    content: Any


class CaptureWriter:
    """
    Writes a capture; consents: what may be in it, of what the worker told.

    size_bytes: of what was written.  is_full: a line was left out, as the file would have been
    larger than size_bytes_max; nothing is written from then on.
    """

    def __init__(
        self,
        file: TextIO,
        consents: AbstractSet[Consent],
        masker: Masker,
        size_bytes_max: int = SIZE_BYTES_MAX,
    ) -> None:
        self.size_bytes = 0
        self.is_full = False
        self._file = file
        self._consents = {Consent.CAPACITY, *consents}
        self._masker = masker
        self._size_bytes_max = size_bytes_max

    def begin(
        self, source: str, driver_version: str, interval_ms: int, *, is_synthetic: bool, note: str
    ) -> None:
        """Write the header."""
        header = {
            "gpusla_capture": FORMAT,
            "agent_version": gpusla.__version__,
            "source": source,
            "driver_version": driver_version,
            "interval_ms": interval_ms,
            "is_synthetic": is_synthetic,
            "note": note,
            "consents": sorted(self._consents),
            "families": {
                family.name: family.values
                for family in FAMILIES
                if family.consent in self._consents
            },
            "links": _LINKS,
        }
        self._write(header)

    def write(self, at_ms: int, wall_ms: int, message: Mapping[str, Any]) -> None:
        """Write what the worker said: what the driver lists, or a pass."""
        kind = "pass" if "xids" in message else "listed"
        told = self._pass(message) if kind == "pass" else self._listed(message)
        self._write({"at_ms": at_ms, "wall_ms": wall_ms, kind: told})

    def write_silence(self, at_ms: int, wall_ms: int, why: str) -> None:
        """Write that there was no pass."""
        self._write({"at_ms": at_ms, "wall_ms": wall_ms, "silent": why})

    def _listed(self, message: Mapping[str, Any]) -> dict[str, Any]:
        gpus = [self._identity(one) for one in message.get("gpus", ())]
        return {"count": message.get("count", 0), "gpus": gpus}

    def _pass(self, message: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **{name: message[name] for name in _COUNTS if name in message},
            "gpus": [self._gpu(one) for one in message["gpus"]],
            "identities": [self._identity(one) for one in message["identities"]],
            "xids": [[self._masker.mask(uuid), *told] for uuid, *told in message["xids"]],
        }

    def _identity(self, one: Mapping[str, Any]) -> dict[str, Any]:
        told = {
            name: [code, value if name in _PLAIN else self._masked(value)]
            for name, (code, value) in one["identity"].items()
        }
        return {"index": one["index"], "identity": told}

    def _gpu(self, one: Mapping[str, Any]) -> dict[str, Any]:
        known = {"index": one["index"], "at_ms": one["at_ms"]}
        if "read" not in one:
            return {**known, "code": one["code"]}
        read = {
            family: self._masked(told)
            for family, told in one["read"].items()
            if FAMILY[family].consent in self._consents
        }
        return {**known, "read": read}

    def _masked(self, value: Any) -> Any:
        """Mask all text: what is no number in a reading names something."""
        match value:
            case str():
                return self._masker.mask(value)
            case list() | tuple():
                return [self._masked(one) for one in value]
            case dict():
                return {str(place): self._masked(code) for place, code in value.items()}
            case _:
                return value

    def _write(self, content: Mapping[str, Any]) -> None:
        line = json.dumps(content, separators=(",", ":")) + "\n"
        self.is_full = self.is_full or self.size_bytes + len(line) > self._size_bytes_max
        if not self.is_full:
            self._file.write(line)  # ASCII, so that characters are bytes.
            self.size_bytes += len(line)


class CaptureReader:
    """Reads a capture from its beginning, line by line."""

    def __init__(self, path: Path) -> None:
        """Open a capture.  Raises InputError if there is none, or none of this format."""
        self._path = path
        try:
            self._file: BinaryIO = path.open("rb")
            size = path.stat().st_size
        except OSError as cause:
            words = f"cannot be read: {cause.strerror}"
            raise InputError(FILE_UNREADABLE, words, position=Position(str(path))) from cause
        self._number = 0
        try:
            if size > SIZE_BYTES_MAX:
                raise self._error(f"the capture has {size} bytes", FILE_TOO_LARGE)
            self.header = self._header()
            self._start = self._file.tell(), self._number
        except InputError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def lines(self) -> Iterator[Line]:
        """
        Yield the lines behind the header; from the first one at each call.

        Raises InputError with the line that is none.
        """
        place, self._number = self._start
        self._file.seek(place)
        while (content := self._next()) is not None:
            yield self._line(content)

    def _next(self) -> Any:
        self._number += 1
        line = self._file.readline(LINE_BYTES_MAX)
        if not line:
            return None
        if not line.endswith(b"\n"):
            raise self._error("the line has no end")
        try:
            return json.loads(line)
        except ValueError as cause:
            raise self._error("the line is not JSON") from cause
        except RecursionError as cause:
            raise self._error("the line is nested too deep") from cause

    def _header(self) -> Header:
        told = self._next()
        match told:
            case None:
                raise self._error("the capture is empty", EMPTY_FILE)
            case {"gpusla_capture": int(number)} if number == FORMAT:
                return self._header_of(told)
            case {"gpusla_capture": number}:
                raise self._error(f"the capture's format is {number}; this version reads {FORMAT}")
            case _:
                raise self._error("the file is no capture")

    def _header_of(self, told: Mapping[str, Any]) -> Header:
        match told:
            case {
                "agent_version": str(agent_version),
                "source": str(source),
                "driver_version": str(driver_version),
                "interval_ms": int(interval_ms),
                "is_synthetic": bool(is_synthetic),
                "note": str(note),
                "consents": [*consents],
                "families": dict(families),
                "links": dict(links),
            } if interval_ms > 0 and _are_names(families, links) and all(map(_is_text, consents)):
                return Header(
                    agent_version,
                    source,
                    driver_version,
                    interval_ms,
                    is_synthetic,
                    note,
                    tuple(consents),
                    {name: tuple(values) for name, values in families.items()},
                    {name: tuple(values) for name, values in links.items()},
                )
            case _:
                raise self._error("the header lacks something or has it in another form")

    def _line(self, told: Any) -> Line:
        match told:
            case {"at_ms": int(at_ms), "wall_ms": int(wall_ms), "silent": str(why)}:
                return Line(at_ms, wall_ms, "silent", why)
            case {"at_ms": int(at_ms), "wall_ms": int(wall_ms), "listed": dict(listed)} if (
                _is_listed(listed)
            ):
                return Line(at_ms, wall_ms, "listed", listed)
            case {"at_ms": int(at_ms), "wall_ms": int(wall_ms), "pass": dict(passed)} if _is_pass(
                passed
            ):
                return Line(at_ms, wall_ms, "pass", passed)
            case _:
                raise self._error("the line is neither a list, nor a pass, nor a silence")

    def _error(self, words: str, code: Any = WRONG_TYPE) -> InputError:
        position = Position(str(self._path), self._number, 1)
        return InputError(
            code, words, fix="Record the node again with `gpusla-agent record`.", position=position
        )


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _are_names(*tables: Mapping[str, Any]) -> bool:
    lists = [names for table in tables for names in table.values()]
    return all(isinstance(names, list) and all(map(_is_text, names)) for names in lists)


def _is_identity(one: Any) -> bool:
    match one:
        case {"index": int(), "identity": dict()}:
            return True
        case _:
            return False


def _is_listed(told: Mapping[str, Any]) -> bool:
    match told:
        case {"count": int(count), "gpus": [*gpus]}:
            return 0 <= count <= _GPUS_MAX and all(map(_is_identity, gpus))
        case _:
            return False


_GPUS_MAX = 1_024


def _is_pass(told: Mapping[str, Any]) -> bool:
    match told:
        case {"gpus": [*gpus], "identities": [*identities], "xids": [*_]}:
            return all(map(_is_gpu, gpus)) and all(map(_is_identity, identities))
        case _:
            return False


def _is_gpu(one: Any) -> bool:
    match one:
        case {"index": int(), "at_ms": int(), "code": int()}:
            return True
        case {"index": int(), "at_ms": int(), "read": dict()}:
            return True
        case _:
            return False
