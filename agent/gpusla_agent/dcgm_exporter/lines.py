"""
From the bytes of a page to its samples, within bounds.

Lines are read one by one.  Headers are not used: on real pages they stand without samples, name
another family than the samples below them, or are not there at all; and what follows a header of
type `counter` the parser would rename.  A line that cannot be read costs itself alone.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from gpusla.catalogue.codes import EXPORTER_PAGE
from gpusla.errors import SourceError


@dataclass(frozen=True, slots=True)
class Limits:
    """
    How much of a page is read.

    Eight GPUs with seven MIG instances, every field and every link make some ten thousand samples
    of 300 bytes; seconds_max is for the page, line_bytes_max for one line of it.
    """

    size_bytes_max: int = 16 * 1_048_576
    samples_max: int = 50_000
    line_bytes_max: int = 16_384
    seconds_max: float = 5.0


@dataclass(frozen=True, slots=True)
class Line:
    """One sample as it stands on the page."""

    name: str
    labels: Mapping[str, str]
    value: float


def read_lines(text: bytes, limits: Limits, seconds: Callable[[], float]) -> Iterator[Line | None]:
    """
    Yield a page's samples in their order, None for a line that cannot be read.

    seconds: a clock that only goes forward.  Raises SourceError at the first bound that is passed.
    """
    if len(text) > limits.size_bytes_max:
        raise _refused(f"the page has more than the {limits.size_bytes_max:,} bytes that are read")
    until = seconds() + limits.seconds_max
    for number, line in enumerate(_sample_lines(text)):
        if number >= limits.samples_max:
            raise _refused(
                f"the page has more than the {limits.samples_max:,} samples that are read"
            )
        if seconds() > until:
            raise _refused(f"the page was not read within {limits.seconds_max:g} seconds")
        yield _read(line) if len(line) <= limits.line_bytes_max else None


def _sample_lines(text: bytes) -> Iterator[bytes]:
    for line in text.split(b"\n"):
        stripped = line.strip()
        if stripped and not stripped.startswith(b"#"):
            yield stripped


def _read(line: bytes) -> Line | None:
    # int() and float() read digits of any script, and no exporter writes those.
    if not line[line.rfind(b"}") + 1 :].isascii():
        return None
    words = line.decode("utf-8", "replace")
    try:
        families = list(text_string_to_metric_families(words))
        samples = [sample for family in families for sample in family.samples]
        if len(samples) != 1:
            return None
        sample = samples[0]
        return Line(sample.name, sample.labels, _number(sample.value))
    except (ValueError, IndexError):  # The parser has both for what it does not understand.
        return None


def _number(value: float) -> float:
    """Return an int of any size as a number that arithmetic can take."""
    try:
        float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    return value


def _refused(message: str) -> SourceError:
    return SourceError(EXPORTER_PAGE, message)
