"""Bugs on the way from records to a timeline without gaps."""

from tests.defects.planted import Defect

HERE = "tests/core/timeline/"
BUILD, FOLD = f"{HERE}test_build.py", f"{HERE}test_fold.py"
WITNESSES, COLUMNS = f"{HERE}test_witnesses.py", f"{HERE}test_columns.py"

DEFECTS = (
    Defect(
        "a sample holds for twice as long as it may",
        "timeline/fold.py",
        "<= last.at_ms + carry.valid_ms",
        "<= last.at_ms + 2 * carry.valid_ms",
        (f"{FOLD}::test_a_longer_silence_is_no_span_at_all",),
    ),
    Defect(
        "an edge is judged by its better end",
        "timeline/fold.py",
        "now_ms, before, other,",
        "now_ms, condition, other,",
        (f"{FOLD}::test_a_change_is_an_edge",),
    ),
    Defect(
        "time is carried over a step of the clock",
        "timeline/fold.py",
        "return replace(carry, anchor=body.at, last=None), ()",
        "return replace(carry, anchor=body.at), ()",
        (f"{FOLD}::test_a_step_that_a_sample_would_outlast_breaks_the_time_too",),
    ),
    Defect(
        "a gap reads as ok",
        "timeline/build.py",
        "UNOBSERVED = Condition(State.UNKNOWN, (Finding(NOT_OBSERVED.name),))",
        "UNOBSERVED = Condition(State.OK)",
        (f"{BUILD}::test_a_gap_is_unknown_and_names_no_records",),
    ),
    Defect(
        "overlapping records are counted twice",
        "timeline/build.py",
        "if cluster and span.start_ms >= reach_ms:",
        "if cluster and span.start_ms > cluster[-1].start_ms:",
        (f"{BUILD}::test_records_that_overlap_in_part_count_each_millisecond_once",),
    ),
    Defect(
        "not having seen outranks failure",
        "timeline/claims.py",
        "State.UNKNOWN: 2, State.DOWN: 3",
        "State.UNKNOWN: 3, State.DOWN: 2",
        (f"{BUILD}::test_failure_outranks_not_having_seen_and_that_what_is_well",),
    ),
    Defect(
        "intervals a millisecond apart are joined",
        "timeline/intervals.py",
        "interval.start_ms <= merged[-1].end_ms:",
        "interval.start_ms <= merged[-1].end_ms + 1:",
        (f"{HERE}test_intervals.py::test_what_does_not_touch_stays_apart",),
    ),
    Defect(
        "witnesses who agree in other words dispute",
        "timeline/witnesses.py",
        "    if state is None:\n",
        "    if len({claim.condition for claim in speaking}) > 1:\n",
        (f"{WITNESSES}::test_what_witnesses_come_to",),
    ),
    Defect(
        "in columns what all allow only beside their word is disputed",
        "timeline/columns/verdicts.py",
        "is_disputed = common == 0",
        "is_disputed = counted == 0",
        (f"{COLUMNS}::test_resolving_says_what_building_says",),
    ),
)
