"""What the stand-in's tests share: a tray, and ways to ask it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from gpusla_agent.standin import Control


@dataclass(frozen=True, slots=True)
class Tray:
    """NVIDIA's binding on the stand-in, the file that says what is wrong, and the four GPUs."""

    nvml: Any
    control: Control
    gpus: tuple[Any, ...]

    def set(self, *words: object) -> None:
        """Write one line of the control file; the next call knows of it."""
        self.control.set(*words)

    def fields(self, ids: Iterable[object], gpu: int = 0) -> list[Any]:
        """One batch of fields; an id may be a pair with its scope."""
        values: list[Any] = self.nvml.nvmlDeviceGetFieldValues(self.gpus[gpu], list(ids))
        return values

    def code(self, call: Callable[..., object], *arguments: object) -> int:
        """The code a call answers: 0, or what the binding raised."""
        try:
            call(*arguments)
        except self.nvml.NVMLError as error:
            value: int = error.value
            return value
        return 0
