"""Whether a GPU answers at all."""

from gpusla.readings import Absence, Absent
from gpusla_agent.sources.raw import SUCCESS, RawGpu, absence_of

_GONE = (Absence.LOST, Absence.RESET_REQUIRED)


def read(raw: RawGpu) -> Absent | None:
    """Return why the GPU does not answer, None if it does."""
    if raw.silent is not None:
        return raw.silent
    absences = [absence_of(code) for code, _ in raw.values.values() if code != SUCCESS]
    gone = [absent for absent in absences if absent.absence in _GONE]
    if gone:
        return gone[0]
    # One call of many may fail; if none succeeds, nobody is there to answer.
    return absences[0] if absences and len(absences) == len(raw.values) else None
