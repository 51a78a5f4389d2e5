"""A page of dcgm-exporter: refused, or every number on it can be true."""

import math
from collections.abc import Iterator
from pathlib import Path

from gpusla.errors import GpuslaError
from gpusla_agent.dcgm_exporter import Gpu, Page, read_page
from gpusla_agent.dcgm_exporter.fields import BY_NAME

ABOUT = "the reader of dcgm-exporter's pages"
WORDS = (
    *sorted(BY_NAME)[::16],
    "DCGM_FI_DEV_XID_ERRORS",
    "DCGM_FI_DEV_GPU_UTIL_RATIO",
    'gpu="0"',
    'UUID="GPU-1"',
    'GPU_I_ID="7"',
    'hostname="a"',
    'pod="p"',
    ', ="x"',
    "{,",
    "__name__",
    "9223372036854775794",
    "140737488355328.000000",
    "2147483632",
    "+Inf",
    "NaN",
    "-1",
    "1e400",
)
_SAMPLES = Path(__file__).resolve().parent.parent / "tests" / "samples"
_LINES_OF_A_SEED = 2


def seeds() -> Iterator[bytes]:
    """Yield every page at hand in pieces: a mutation then hits something."""
    for path in sorted(_SAMPLES.glob("dcgm-exporter*/*.prom")):
        lines = path.read_bytes().splitlines(keepends=True)
        for first in range(0, len(lines), _LINES_OF_A_SEED):
            yield b"".join(lines[first : first + _LINES_OF_A_SEED])


def check(data: bytes) -> None:
    """Read a page, and the same page told twice, which says the same."""
    try:
        page = read_page(data)
    except GpuslaError as refused:
        assert refused.message
        return
    for gpu in page.gpus:
        _check_gpu(gpu)
    assert all(warned.count > 0 for warned in page.warnings)
    assert _facts(read_page(data + b"\n" + data)) == _facts(page)


def _facts(page: Page) -> list[object]:
    return [page.generation, *page.gpus]


def _check_gpu(gpu: Gpu) -> None:
    assert gpu.uuid.isascii()
    assert gpu.index is None or gpu.index >= 0
    assert not set(gpu.rejected) & set(gpu.numbers)
    for numbers in (gpu.numbers, *(one.numbers for one in gpu.instances)):
        for name, value in numbers.items():
            assert math.isfinite(value), name
            assert value >= 0 or name == "temperature_margin_celsius", name
            assert value <= 1 or not name.endswith("_ratio"), name
            assert value < 1 << 84, name
