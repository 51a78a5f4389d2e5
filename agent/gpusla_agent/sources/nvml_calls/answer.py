"""What a family of calls said: values in the order of the family's names, and what went wrong."""

from typing import Any

from gpusla_agent.sources.nvml_calls.binding import SUCCESS


class Answer:
    """
    Values of one family, by place; None where a call failed, whose code then stands in codes.

    A family that failed as a whole is its code instead of an Answer.
    """

    __slots__ = ("codes", "values")

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.codes: dict[int, int] = {}

    def add(self, code: int, value: Any) -> None:
        """Put in what one call said."""
        if code != SUCCESS:
            self.codes[len(self.values)] = code
            value = None
        self.values.append(value)
