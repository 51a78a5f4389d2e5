"""Bugs on the way from a measure to what is owed, and to what is booked."""

from tests.defects.planted import SECOND_OPINION, Defect

HERE = "tests/core/sla/"
CREDITS, COMBINE = f"{HERE}test_credits.py", f"{HERE}test_combine.py"
EVENT_CREDITS = f"{HERE}test_event_credits.py"
FEES, PERIODS = f"{HERE}test_fees.py", f"{HERE}test_periods.py"
EXCLUSIONS, EVALUATE = f"{HERE}test_exclusions.py", f"{HERE}test_evaluate.py"
BOOKING = "tests/core/ledger/test_booking.py"

DEFECTS = (
    Defect(
        "exactly at a threshold is a miss",
        "sla/values.py",
        "return value < threshold or",
        "return value <= threshold or",
        (f"{CREDITS}::test_a_tier_begins_exactly_at_its_threshold", SECOND_OPINION),
    ),
    Defect(
        "the highest tier that is reached counts",
        "sla/values.py",
        "return min(reached,",
        "return max(reached,",
        (f"{CREDITS}::test_a_step_is_a_percentage_of_its_base", SECOND_OPINION),
    ),
    Defect(
        "a value is compared before it is rounded",
        "sla/credits.py",
        "at = each(lambda side: compared(objective, side(ratios)))",
        "at = ratios",
        (
            f"{CREDITS}::test_a_value_is_rounded_as_a_percentage_before_it_is_compared",
            SECOND_OPINION,
        ),
    ),
    Defect(
        "the bounds of the value are swapped",
        "sla/credits.py",
        "value=reversed_bounds(ratios),\n        compared",
        "value=ratios,\n        compared",
        (
            f"{CREDITS}::test_bounds_of_a_value_run_against_those_of_lost_time_and_of_the_credit",
            SECOND_OPINION,
        ),
    ),
    Defect(
        "what earlier windows gave is given again",
        "sla/credits.py",
        "0 if objective.window.grants_again else granted_minor_units",
        "0",
        (f"{CREDITS}::test_what_earlier_windows_gave_is_not_given_again", SECOND_OPINION),
    ),
    Defect(
        "an outage that ends with the window belongs to the next",
        "sla/event_credits.py",
        "window.start_ms < end_ms <= until_ms",
        "window.start_ms <= end_ms < until_ms",
        (f"{EVENT_CREDITS}::test_an_outage_belongs_to_the_window_that_it_ends_in", SECOND_OPINION),
    ),
    Defect(
        "an hour with exactly so much down time is not charged",
        "sla/event_credits.py",
        "_counted_ms(credit.count, parts) > credit.more_than_ms",
        "_counted_ms(credit.count, parts) >= credit.more_than_ms",
        (f"{EVENT_CREDITS}::test_an_hour_with_too_much_down_time_is_not_charged", SECOND_OPINION),
    ),
    Defect(
        "each objective's credit is rounded by itself",
        "sla/combine.py",
        "sum((side(credit) for credit in given), Fraction(0))",
        "sum((Fraction(round(side(credit))) for credit in given), Fraction(0))",
        (f"{COMBINE}::test_a_credit_is_rounded_once", SECOND_OPINION),
    ),
    Defect(
        "the minimum is asked of the credit before its caps",
        "sla/combine.py",
        "if side(after) >= minimum",
        "if side(combined) >= minimum",
        (f"{COMBINE}::test_the_minimum_is_asked_of_what_the_caps_leave", SECOND_OPINION),
    ),
    Defect(
        "caps are applied last to first",
        "sla/combine.py",
        "enumerate(ground.contract.combination.caps)",
        "reversed(list(enumerate(ground.contract.combination.caps)))",
        (f"{COMBINE}::test_caps_hold_in_order",),
    ),
    Defect(
        "a credit is rounded up over its cap",
        "sla/combine.py",
        "min(round_once(side(exact), rounding), side(lowest) // 1)",
        "round_once(side(exact), rounding)",
        (f"{COMBINE}::test_rounding_never_exceeds_a_cap", SECOND_OPINION),
    ),
    Defect(
        "lines are truncated and what is left is lost",
        "sla/combine.py",
        "for i in by_remainder[: minor_units - sum(parts)]:",
        "for i in by_remainder[:0]:",
        (f"{COMBINE}::test_lines_add_up_to_the_credit", SECOND_OPINION),
    ),
    Defect(
        "what is left of lines goes by the smallest remainder",
        "sla/combine.py",
        "key=lambda i: parts[i] - shares[i]",
        "key=lambda i: shares[i] - parts[i]",
        (f"{COMBINE}::test_lines_add_up_to_the_credit", SECOND_OPINION),
    ),
    Defect(
        "a claim at the end of its last day is in time",
        "sla/combine.py",
        "claim.claimed_ms >= claim.deadline_ms",
        "claim.claimed_ms > claim.deadline_ms",
        (f"{COMBINE}::test_a_credit_that_must_be_claimed_is_nothing_until_it_was",),
    ),
    Defect(
        "notice is asked for after the start",
        "sla/exclusions.py",
        "due_ms = record.from_ms - rule.notice_ms",
        "due_ms = record.from_ms + rule.notice_ms",
        (
            f"{EXCLUSIONS}::test_a_record_that_breaks_its_rule_gives_nothing_and_is_told_why",
            SECOND_OPINION,
        ),
    ),
    Defect(
        "notice at the last instant is too late",
        "sla/exclusions.py",
        "record.notice_ms > due_ms",
        "record.notice_ms >= due_ms",
        (
            f"{EXCLUSIONS}::test_notice_given_at_the_last_instant_is_in_time",
            SECOND_OPINION,
        ),
    ),
    Defect(
        "anybody's approval will do",
        "sla/exclusions.py",
        "rule.needs_approval and record.approver != TENANT",
        "rule.needs_approval and not record.approver",
        (
            f"{EXCLUSIONS}::test_a_record_that_breaks_its_rule_gives_nothing_and_is_told_why",
            SECOND_OPINION,
        ),
    ),
    Defect(
        "days of 30-day months are divided by those of the calendar",
        "sla/fees.py",
        "_days_of_360(whole_first, whole_after))",
        "(whole_after - whole_first).days)",
        (f"{FEES}::test_the_fee_due_for_a_segment_is_exactly",),
    ),
    Defect(
        "the 31st is a day of its own in 30-day months",
        "sla/fees.py",
        "min(after.day, 30) - min(first.day, 30)",
        "after.day - first.day",
        (f"{FEES}::test_the_fee_due_for_a_segment_is_exactly",),
    ),
    Defect(
        "a billing period of a late day begins on the 28th",
        "contracts/calendar.py",
        "min(cycle_day, monthrange(year, month)[1])",
        "min(cycle_day, 28)",
        (f"{PERIODS}::test_a_period_has_the_length_that_its_zone_gives_it",),
    ),
    Defect(
        "periods begin at midnight in Greenwich",
        "sla/periods.py",
        "Interval(start_of_day_ms(first, timezone), start_of_day_ms(after, timezone))",
        'Interval(start_of_day_ms(first, "UTC"), start_of_day_ms(after, "UTC"))',
        (f"{PERIODS}::test_a_calendar_month_is_what_the_zones_own_clock_says",),
    ),
    Defect(
        "the next tier is counted over the period to date",
        "sla/evaluate.py",
        "found.total_whole_window, found.lost.value",
        "found.total.value, found.lost.value",
        (f"{EVALUATE}::test_the_period_to_date_is_judged_as_if_it_ended_there",),
    ),
    Defect(
        "a reversal has the sign of what it reverses",
        "ledger/booking.py",
        "status, -live.amount_minor_units, live.key",
        "status, live.amount_minor_units, live.key",
        (f"{BOOKING}::test_a_pending_amount_that_changes_is_taken_back_and_booked_anew",),
    ),
)
