"""Bugs on the way from a timeline to what was delivered, down or late."""

from tests.defects.planted import SECOND_OPINION, Defect

HERE = "tests/core/sla/measure/"
SLOTS, CAPACITY = f"{HERE}test_slot_rules.py", f"{HERE}test_capacity_rules.py"
TIMES, LINES = f"{HERE}test_time_rules.py", f"{HERE}test_lines.py"
REPAIRS, REQUESTS = f"{HERE}test_replacement_rules.py", f"{HERE}test_request_rules.py"

DEFECTS = (
    Defect(
        "the unknown is borne by the other side",
        "sla/measure/tables.py",
        "scale if policy is UnknownPolicy.TENANT_BEARS else 0",
        "scale if policy is UnknownPolicy.PROVIDER_BEARS else 0",
        (f"{SLOTS}::test_3_2_unknown_is_worth_what_the_policy_says_to_the_value", SECOND_OPINION),
    ),
    Defect(
        "what the time may have been instead does not matter to low",
        "sla/measure/slots.py",
        "(np.minimum if bound is Bound.LOW else np.maximum)(counted, besides)",
        "counted if bound is Bound.LOW else np.maximum(counted, besides)",
        (
            f"{SLOTS}::test_3_2_low_takes_the_smaller_of_condition_and_other_and_high_the_larger",
            SECOND_OPINION,
        ),
    ),
    Defect(
        "what was seen before is carried into the bounds",
        "sla/measure/slots.py",
        "    if bound is not Bound.VALUE:\n",
        "    if bound is not Bound.VALUE and not carry_last_ms:\n",
        (
            f"{SLOTS}::test_3_3_the_first_of_unknown_time_carries_over_what_was_seen_before",
            SECOND_OPINION,
        ),
    ),
    Defect(
        "a clock error widens the value",
        "sla/measure/slots.py",
        "_value(wide.rows, line, table, carry_last_ms)",
        '_value(__import__("dataclasses").replace(wide.rows, start=wide.start, end=wide.end), '
        "line, table, carry_last_ms)",
        (
            f"{SLOTS}::test_3_4_a_span_reaches_its_clock_error_beyond_both_ends_in_the_bounds",
            SECOND_OPINION,
        ),
    ),
    Defect(
        "a clock error widens one side only",
        "sla/measure/slots.py",
        "np.maximum(rows.start - error_ms, lane_start)",
        "np.maximum(rows.start, lane_start)",
        (
            f"{SLOTS}::test_3_4_a_span_reaches_its_clock_error_beyond_both_ends_in_the_bounds",
            SECOND_OPINION,
        ),
    ),
    Defect(
        "of several exclusions of a slot only the last one counts",
        "sla/measure/held.py",
        "first[lane[::-1]] = time.start[::-1]",
        "first[lane] = time.start",
        (f"{HERE}test_held.py::test_a_slot_is_cut_by_all_that_is_taken_out_of_it",),
    ),
    Defect(
        "nothing settles after time that was unknown",
        "sla/measure/tables.py",
        "(is_up * ~is_unknown, is_up, is_up)",
        "(is_up, is_up, is_up)",
        (
            f"{SLOTS}::test_3_5_an_unknown_slot_is_up_for_value_and_high_and_down_for_low",
            SECOND_OPINION,
        ),
    ),
    Defect(
        "a rack needs one GPU more than its minimum",
        "sla/measure/units.py",
        'self.sum("healthy") >= capacity.min_healthy_gpus',
        'self.sum("healthy") > capacity.min_healthy_gpus',
        (f"{CAPACITY}::test_4_2_healthy_only_counts_nothing_below_the_minimum", SECOND_OPINION),
    ),
    Defect(
        "over-delivery is banked",
        "sla/measure/capacity.py",
        'return integral(np.maximum(steps.sum("short"), 0), np.diff(steps.places))',
        'return max(0, integral(steps.sum("short"), np.diff(steps.places)))',
        (
            f"{CAPACITY}::test_6_2_what_is_delivered_beyond_the_commitment_is_not_banked",
            SECOND_OPINION,
        ),
    ),
    Defect(
        "an exclusion takes time out of the denominator",
        "sla/measure/case.py",
        "objective.kind is Kind.CAPACITY and objective.denominator is Denominator.MINUS_EXCLUSIONS",
        "objective.kind is Kind.CAPACITY",
        (f"{CAPACITY}::test_13_2_figures_of_the_account", SECOND_OPINION),
    ),
    Defect(
        "an outage exactly as long as the minimum is forgiven",
        "sla/measure/runs.py",
        "is_short = outages.length < least.length_ms",
        "is_short = outages.length <= least.length_ms",
        (
            f"{CAPACITY}::test_6_1_an_outage_shorter_than_the_minimum_is_forgiven",
            SECOND_OPINION,
        ),
    ),
    Defect(
        "an outage of capacity is measured after exclusions",
        "sla/measure/capacity.py",
        "elif with_exclusions and not least.splits and len(case.excused):",
        "elif with_exclusions and least.splits and len(case.excused):",
        (
            f"{CAPACITY}::test_6_1_an_exclusion_splits_an_outage_only_if_the_contract_says_so",
            SECOND_OPINION,
        ),
    ),
    Defect(
        "down time is measured after exclusions",
        "sla/measure/times.py",
        "objective.min_outage.length_ms and not objective.min_outage.splits",
        "objective.min_outage.length_ms and objective.min_outage.splits",
        (
            f"{TIMES}::test_7_3_a_raw_runs_are_not_split_by_exclusions_unless_they_are",
            SECOND_OPINION,
        ),
    ),
    Defect(
        "an outage over the edge of the period is cut before its length is judged",
        "sla/measure/capacity.py",
        "short = forgiven(pieces.where(amounts > 0), least)",
        'short = forgiven(__import__("gpusla.sla.measure.runs", fromlist="x").clipped('
        "pieces.where(amounts > 0), case.grouping.units, case.judged), least)",
        (
            f"{CAPACITY}::test_6_1_an_outage_is_judged_by_its_whole_length_within_the_reach",
            SECOND_OPINION,
        ),
    ),
    Defect(
        "down time over the edge of the period is cut before its length is judged",
        "sla/measure/times.py",
        "forgiven(raw.sure, objective.min_outage)",
        "forgiven(clipped(raw.sure, things.line, case.judged), objective.min_outage)",
        (f"{HERE}test_ticks.py::test_down_time_is_what_its_ticks_add_up_to", SECOND_OPINION),
    ),
    Defect(
        "whole minutes are counted of the window and not of each outage",
        "sla/measure/times.py",
        "lengths_by_lane(lost, things.line))",
        "lengths_by_lane(intersect(lasting, total), things.line) // 60_000 * 60_000 "
        'if objective.granularity == "elapsed_minutes" else lengths_by_lane(lost, things.line))',
        (f"{HERE}test_ticks.py::test_down_time_is_what_its_ticks_add_up_to", SECOND_OPINION),
    ),
    Defect(
        "an outage is cut at the edge of the period before its minutes are counted",
        "sla/measure/times.py",
        "counted(lasting, objective.granularity,",
        "counted(clipped(lasting, things.line, case.judged), objective.granularity,",
        (
            f"{TIMES}::test_7_3_down_is_whole_and_lost_its_part_inside_the_window",
            SECOND_OPINION,
        ),
    ),
    Defect(
        "a slot of time that is only touched is not down",
        "sla/measure/runs.py",
        "start, end = start // SLOT_MS, -(-end // SLOT_MS)\n",
        "start, end = start // SLOT_MS, end // SLOT_MS\n",
        (f"{TIMES}::test_7_3_c_granularity", SECOND_OPINION),
    ),
    Defect(
        "figures that do not fit stay in 64 bits",
        "sla/measure/exact.py",
        "np.int64 if most < LIMIT else object",
        "np.int64",
        (f"{LINES}::test_a_figure_that_does_not_fit_is_pythons_own",),
    ),
    Defect(
        "a sum of products that does not fit stays in 64 bits",
        "sla/measure/exact.py",
        "    kind = kind_for(most)\n    return amounts",
        "    kind = np.int64\n    return amounts",
        (f"{LINES}::test_an_integral_is_exact_where_64_bits_are_not_enough",),
    ),
    Defect(
        "requests exactly at the error rate are too many",
        "sla/measure/requests.py",
        "failing = [one.start_ms for one in slots.counted if _rate(one) > requests",
        "failing = [one.start_ms for one in slots.counted if _rate(one) >= requests",
        (
            f"{REQUESTS}::test_9_3_error_time_is_the_time_of_slots_with_too_many_errors",
            SECOND_OPINION,
        ),
    ),
    Defect(
        "what excuses a slot of requests takes nothing out of their total",
        "sla/measure/requests.py",
        "unknown = 0 if unknown_is_down is None else len(slots.unknown)\n    total = Fraction(",
        "unknown = len(slots.unknown)\n    total = Fraction(",
        (f"{REQUESTS}::test_9_1_unknown_slots_count_as_the_policy_says", SECOND_OPINION),
    ),
)
