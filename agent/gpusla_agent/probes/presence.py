"""Whether a GPU answers at all."""

from gpusla.readings import Absence, Absent
from gpusla_agent.sources.raw import SUCCESS, RawGpu, absence_of

_GONE = (Absence.LOST, Absence.RESET_REQUIRED)
_FINE = {SUCCESS}
_NO_CODE = -1


def read(raw: RawGpu) -> Absent | None:
    """Return why the GPU does not answer, None if it does."""
    if raw.silent is not None:
        return raw.silent
    codes = _codes(raw)
    if codes <= _FINE:
        return None
    absences = [absence_of(code) for code in sorted(codes - _FINE)]
    gone = [absent for absent in absences if absent.absence in _GONE]
    if gone:
        return gone[0]
    # One call of many may fail; if none succeeds, nobody is there to answer.
    return None if SUCCESS in codes else absences[0]


def _codes(raw: RawGpu) -> set[int]:
    """Return the codes of all calls; what has none has failed."""
    try:
        codes = {told[0] for told in raw.values.values()}
    except (TypeError, LookupError):  # Not all of them are codes and values.
        codes = {_code(told) for told in raw.values.values()}
    return {code if type(code) is int else _NO_CODE for code in codes}


def _code(told: object) -> int:
    match told:
        case [int(code), _]:
            return code
        case _:
            return _NO_CODE
