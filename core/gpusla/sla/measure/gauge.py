"""Measures of one contract on the same facts; what several of them share is worked out once."""

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Kind, Objective
from gpusla.instants import Interval
from gpusla.sla.evaluation import Account, Measure
from gpusla.sla.facts import Facts
from gpusla.sla.measure.accounting import account_of, account_terms
from gpusla.sla.measure.capacity import Sums, measure_capacity, sums_of
from gpusla.sla.measure.case import Case, grouping_of, lay_out, reach_of
from gpusla.sla.measure.ground import ExcusedTime, Ground, ground_of
from gpusla.sla.measure.lines import Line
from gpusla.sla.measure.replacement import measure_replacement
from gpusla.sla.measure.requests import measure_requests
from gpusla.sla.measure.roster import Roster, prepare
from gpusla.sla.measure.times import measure_times
from gpusla.timeline.columns import Columns


class Gauge:
    """
    What is measured of a contract's objectives.

    excused: normal; what counts of the facts' exclusion records.
    """

    def __init__(self, contract: ContractVersion, facts: Facts, excused: ExcusedTime) -> None:
        self._contract = contract
        self._facts = prepare(facts)
        self._excused = excused
        self._grounds: dict[Line, Ground] = {}
        self._cases: dict[tuple[int, Interval, int], Case] = {}
        self._sums: dict[int, Sums] = {}

    def measure(self, objective: Objective, window: Interval, until_ms: int) -> Measure:
        """Return what an objective's window, which is the whole of it, came to up to until_ms."""
        case = self._case(objective, window, until_ms)
        match objective.kind:
            case Kind.CAPACITY:
                return measure_capacity(case, self._sums_of(case))
            case Kind.REQUEST_RATIO:
                return measure_requests(case)
            case Kind.REPLACEMENT_TIME:
                return measure_replacement(case)
            case _:
                return measure_times(case)

    def account(self, window: Interval, until_ms: int) -> Account:
        """Return where the contract's GPU-time went up to until_ms; window: the whole segment."""
        case = self._case(account_terms(self._contract), window, until_ms)
        return account_of(case, self._sums_of(case))

    def _case(self, objective: Objective, window: Interval, until_ms: int) -> Case:
        key = id(objective), window, until_ms  # the case keeps the objective, and so its id
        if key not in self._cases:
            self._cases[key] = self._laid_out(objective, window, until_ms)
        return self._cases[key]

    def _laid_out(self, objective: Objective, window: Interval, until_ms: int) -> Case:
        columns, roster = self._facts.timeline, self._facts.held
        assert isinstance(columns, Columns)
        assert isinstance(roster, Roster)
        judged = Interval(window.start_ms, max(window.start_ms, min(until_ms, window.end_ms)))
        reach = reach_of(columns.reach, judged)
        grouping = grouping_of(self._contract, objective, reach, window, roster)
        return lay_out(self._ground(grouping.slots), grouping, objective, window, judged)

    def _ground(self, line: Line) -> Ground:
        if line not in self._grounds:
            self._grounds[line] = ground_of(self._contract, self._facts, self._excused, line)
        return self._grounds[line]

    def _sums_of(self, case: Case) -> Sums:
        if id(case) not in self._sums:
            self._sums[id(case)] = sums_of(case)
        return self._sums[id(case)]
