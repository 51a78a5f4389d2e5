"""What a GPU says of its NVLinks, of its link to the processor, and the slow fields beside it."""

import ctypes

from gpusla_agent.sources.families import LINKS_MAX, SLOW_FIELDS
from gpusla_agent.sources.nvml_calls.answer import Answer
from gpusla_agent.sources.nvml_calls.binding import ABSENT, SUCCESS
from gpusla_agent.sources.nvml_calls.fields import FieldBatch

_LINK_COUNT, _C2C_COUNT, _C2C_STATUS = 91, 170, 171
_GPU_SCOPE, _MODULE_SCOPE = 0, 1
_POWER_INSTANT, _POWER_LIMIT = 186, 190

_SLOW = [(one, _GPU_SCOPE) for one in SLOW_FIELDS.values()]
_SLOW += [(_POWER_INSTANT, _MODULE_SCOPE), (_POWER_LIMIT, _MODULE_SCOPE)]


class LinkBatch:
    """
    The same fields of every link of a GPU, in one batch.

    The answer's places run over the fields of link 0, then those of link 1, and so on.  No link is
    asked for beyond the GPU's own count: some drivers answer "invalid argument" there.
    """

    def __init__(self, fields: dict[str, int]) -> None:
        self._fields = tuple(fields.values())
        self._batch: FieldBatch | None = None

    def forget(self) -> None:
        """Count the links again, and ask for all of their fields."""
        self._batch = None

    def read(self, handle: ctypes.c_void_p) -> Answer | int:
        """Return the values of all links, or why there are none; empty for a GPU without links."""
        if self._batch is None:
            code, count = _count(handle, _LINK_COUNT)
            if code != SUCCESS:
                return code
            links = range(min(count, LINKS_MAX))
            if not links:
                return Answer()
            self._batch = FieldBatch([(one, link) for link in links for one in self._fields])
        return self._batch.read(handle)


class SlowFields:
    """The fields that change seldom, those of the superchip, and how many C2C links are up."""

    def __init__(self) -> None:
        self._batch: FieldBatch | None = None

    def forget(self) -> None:
        """Ask again for what the driver did not have."""
        self._batch = None

    def read(self, handle: ctypes.c_void_p) -> Answer | int:
        """Return the values in the order of the family's names."""
        batch = self._batch
        if batch is None:
            code, count = _count(handle, _C2C_COUNT)
            c2c = [(_C2C_STATUS, link) for link in range(min(count, LINKS_MAX))]
            batch = FieldBatch([*_SLOW, *c2c])
            if code == SUCCESS or code in ABSENT:
                self._batch = batch  # Otherwise the links are counted again next time.
        answer = batch.read(handle)
        return answer if isinstance(answer, int) else _with_active(answer)


def _count(handle: ctypes.c_void_p, field: int) -> tuple[int, int]:
    answer = FieldBatch([(field, _GPU_SCOPE)]).read(handle)
    if isinstance(answer, int):
        return answer, 0
    return answer.codes.get(0, SUCCESS), answer.values[0] or 0


def _with_active(told: Answer) -> Answer:
    """Put the number of active links in the place of each link's state."""
    answer = Answer()
    slow = len(_SLOW)
    answer.values = told.values[:slow]
    answer.codes = {place: code for place, code in told.codes.items() if place < slow}
    # A link that does not say whether it is up makes the count absent, not smaller.  Without C2C
    # links there is nothing to count; the code of their own number says why.
    unsaid = [code for place, code in sorted(told.codes.items()) if place >= slow and code]
    own = told.codes.get(list(SLOW_FIELDS).index("c2c_links"), SUCCESS)
    answer.add(unsaid[0] if unsaid else own, sum(state == 1 for state in told.values[slow:]))
    return answer
