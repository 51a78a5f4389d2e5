"""The metrics of the collector: contracts as it judges them, the ledger, and itself."""

from gpusla.catalogue.metrics.row import C, G, I, collector_row

# Contracts, as the collector judges them.  "To date" means from the start of the open period.
CONTRACT_INFO = collector_row(
    "gpusla_contract_info", I, "contract tenant version currency house", "The contract version in force.",
)
CONTRACT_COMMITTED_GPUS = collector_row("gpusla_contract_committed_gpus", G, "contract tenant", "GPUs committed now.")
CONTRACT_DELIVERED_GPUS = collector_row("gpusla_contract_delivered_gpus", G, "contract tenant", "GPUs delivered now, by the contract's own rules.")
CONTRACT_COMMITTED_SECONDS = collector_row(
    "gpusla_contract_committed_gpu_seconds", G, "contract tenant", "GPU-seconds committed in the open period to date.", "seconds",
)
CONTRACT_DELIVERED_SECONDS = collector_row(
    "gpusla_contract_delivered_gpu_seconds", G, "contract tenant bound",
    "GPU-seconds delivered in the open period to date: low, value and high.", "seconds",
)
CONTRACT_STATE_SECONDS = collector_row(
    "gpusla_contract_state_gpu_seconds", G, "contract tenant state",
    "GPU-seconds by observed state in the open period to date.", "seconds",
)
CONTRACT_AVAILABILITY = collector_row(
    "gpusla_contract_availability_ratio", G, "contract tenant bound",
    "Delivered over committed GPU-time in the open period to date: low, value and high.", "ratio",
)
CONTRACT_TARGET = collector_row(
    "gpusla_contract_target_ratio", G, "contract tenant",
    "What the contract's first objective of kind capacity promises.", "ratio",
)
OBJECTIVE_VALUE = collector_row(
    "gpusla_objective_value_ratio", G, "contract tenant objective bound",
    "Value of an objective to date: low, value, high; absent where there is nothing to judge.", "ratio",
)
OBJECTIVE_TARGET = collector_row(
    "gpusla_objective_target_ratio", G, "contract tenant objective", "What an objective promises.", "ratio",
)
# What may become of an objective whose time runs with the clock and is judged for the whole contract.
OBJECTIVE_WINDOW = collector_row(
    "gpusla_objective_window_seconds", G, "contract tenant objective", "Length of the objective's whole window.", "seconds",
)
OBJECTIVE_BUDGET_ALLOWED = collector_row(
    "gpusla_objective_budget_allowed_seconds", G, "contract tenant objective bound",
    "What the whole window may lose without a miss, in seconds of the objective's measure: GPU-seconds for kind capacity.", "seconds",
)
OBJECTIVE_BUDGET_LEFT = collector_row(
    "gpusla_objective_budget_left_seconds", G, "contract tenant objective bound",
    "What of the allowed time is left, in seconds of the objective's measure; below zero once overspent.", "seconds",
)
OBJECTIVE_BURN_RATE = collector_row(
    "gpusla_objective_burn_rate", G, "contract tenant objective window",
    "Budget used in the window, as a multiple of what would use it up exactly by the end; by value.",
)
OBJECTIVE_BREACH_CERTAIN = collector_row(
    "gpusla_objective_breach_certain", G, "contract tenant objective bound",
    "Whether the target is missed even if nothing more is lost, by the evidence of now: 0 or 1.",
)
OBJECTIVE_BREACH_EXPECTED = collector_row(
    "gpusla_objective_breach_expected_timestamp_seconds", G, "contract tenant objective",
    "When the miss becomes certain if the last hour's rate of loss goes on; absent if the window ends first, or it is certain.", "seconds",
)
OBJECTIVE_NEXT_TIER_EXPECTED = collector_row(
    "gpusla_objective_next_tier_expected_timestamp_seconds", G, "contract tenant objective",
    "When the next credit tier becomes certain if the last hour's rate of loss goes on; absent if the window ends first.", "seconds",
)
OBJECTIVE_NEXT_TIER_RISE = collector_row(
    "gpusla_objective_next_tier_credit_rise", G, "contract tenant objective currency",
    "How much more the objective gives once its next tier is reached, before caps, in whole units of the currency.",
)

# Money and rights.
CONTRACT_CREDIT_ACCRUED = collector_row(
    "gpusla_contract_credit_accrued", G, "contract tenant currency bound",
    "Credit owed if the open period ended now, in whole units of the currency: low, value, high.",
)
CONTRACT_NEXT_TIER_SECONDS = collector_row(
    "gpusla_contract_next_tier_gpu_seconds", G, "contract tenant",
    "GPU-seconds that may still be lost in the whole period before the next credit tier.", "seconds",
)
CONTRACT_CREDIT_FORECAST = collector_row(
    "gpusla_contract_credit_forecast", G, "contract tenant currency case bound",
    "Credit of the open period, claimed or not, in whole units of the currency: if it ended now, or at its end "
    "if nothing_more is lost, at_rate of the last hour, or if all_lost.",
)
CONTRACT_CLAIM_DEADLINE = collector_row(
    "gpusla_contract_claim_deadline_timestamp_seconds", G, "contract tenant period",
    "First instant at which it is too late to claim a period's credit; absent where there is none, once it has passed, and once it was claimed or waived.", "seconds",
)
CONTRACT_CLAIMABLE = collector_row(
    "gpusla_contract_claimable_credit", G, "contract tenant currency period",
    "Credit of a period that is lost unless it is claimed, in whole units of the currency.",
)
CONTRACT_RIGHT_OPENS = collector_row(
    "gpusla_contract_right_opens_timestamp_seconds", G, "contract tenant right party",
    "From when a dated right can be used, by provider, tenant or both; of an end, party none, when it comes.", "seconds",
)
CONTRACT_RIGHT_CLOSES = collector_row(
    "gpusla_contract_right_closes_timestamp_seconds", G, "contract tenant right party",
    "First instant at which it is too late to use a dated right.", "seconds",
)
CONTRACT_CHRONIC_RIGHT = collector_row(
    "gpusla_contract_chronic_right", G, "contract tenant state",
    "Whether repeated misses have opened a right: 1 in state open, which may still be cured, or exercisable.",
)
CONTRACT_REFUSED_EXCLUSIONS = collector_row(
    "gpusla_contract_refused_exclusions", G, "contract tenant",
    "Exclusion records of the open period to date that do not count, or not in full.",
)
CONTRACT_AT_STAKE = collector_row(
    "gpusla_contract_at_stake_per_hour", G, "contract tenant currency",
    "Fee for one hour of the GPUs that are committed and not delivered now.",
)
CONTRACT_EVIDENCE_NODES = collector_row(
    "gpusla_contract_evidence_nodes", G, "contract tenant signing",
    "Nodes that serve the contract now, by who signs their journals: fresh for an enrolled key within ten minutes of records, "
    "silent for none although the inventory lists keys, no_key where it lists none.",
)
CONTRACT_PERIOD_START = collector_row(
    "gpusla_contract_period_start_timestamp_seconds", G, "contract tenant", "Start of the open period.", "seconds",
)
CONTRACT_PERIOD_END = collector_row(
    "gpusla_contract_period_end_timestamp_seconds", G, "contract tenant", "End of the open period.", "seconds",
)
INCIDENT_GPUS = collector_row(
    "gpusla_incident_gpus", G, "contract tenant place reason",
    "GPUs of the contract in an incident that goes on, by where it is and what was seen there first; absent without one.",
)
INCIDENT_START = collector_row(
    "gpusla_incident_start_timestamp_seconds", G, "contract tenant place reason",
    "When the incident began, the oldest of several with one place and reason.", "seconds",
)
INCIDENT_LOST = collector_row(
    "gpusla_incident_lost_fee", G, "contract tenant place reason currency",
    "Fee for the time that the contract lost through the incident in the open period to date; not what is owed for it.",
)
DOMAIN_GPUS = collector_row(
    "gpusla_domain_gpus", G, "domain state", "GPUs of a rack by the state they are in now.",
)

# The collector itself.
COLLECTOR_INFO = collector_row("gpusla_collector_info", I, "version", "The collector.")
COLLECTOR_LAST_JUDGEMENT = collector_row(
    "gpusla_collector_last_judgement_timestamp_seconds", G, "contract", "When the contract was last judged.", "seconds",
)
COLLECTOR_JUDGED_UNTIL = collector_row(
    "gpusla_collector_judged_until_timestamp_seconds", G, "contract", "Instant up to which the open period is judged.", "seconds",
)
COLLECTOR_EVIDENCE_UNTIL = collector_row(
    "gpusla_collector_evidence_until_timestamp_seconds", G, "node", "Instant of the last journal record taken in from the node.", "seconds",
)
COLLECTOR_FETCH_FAILURES = collector_row(
    "gpusla_collector_fetch_failures_total", C, "node code", "Fetches of a journal that failed, by error code name.",
)
COLLECTOR_RECORDS = collector_row("gpusla_collector_records_total", C, "", "Journal records taken in.")
COLLECTOR_NODES_EXPECTED = collector_row("gpusla_collector_nodes_expected", G, "", "Nodes that the inventory names.")
COLLECTOR_RECONCILIATION = collector_row(
    "gpusla_collector_reconciliation_difference_seconds", G, "contract",
    "State seconds in Prometheus less those in the journals, over the last reconciled window.", "seconds",
)
COLLECTOR_RECONCILED = collector_row(
    "gpusla_collector_reconciliation_timestamp_seconds", G, "", "When journals and Prometheus were last reconciled.", "seconds",
)
COLLECTOR_JOB_FAILURES = collector_row(
    "gpusla_collector_job_failures_total", C, "job code", "Runs of a job that failed, by error code name.",
)
LEDGER_UNBALANCED = collector_row(
    "gpusla_ledger_unbalanced_entries", G, "",
    "Entries whose debits and credits differ, up to ten: over 0 halts all booking.",
)
LEDGER_CHECKED = collector_row(
    "gpusla_ledger_checked_timestamp_seconds", G, "", "When the ledger was last asked whether it balances.", "seconds",
)
OUTBOX_UNDELIVERED = collector_row(
    "gpusla_outbox_undelivered", G, "receiver", "Announcements of bookings that the receiver has not taken.",
)
OUTBOX_OLDEST = collector_row(
    "gpusla_outbox_oldest_timestamp_seconds", G, "receiver", "When the oldest of them was booked; absent if there is none.", "seconds",
)
LEDGER_ENTRIES = collector_row(
    "gpusla_ledger_entries", G, "contract status", "Entries in the ledger: pending, posted, void or expired.",
)
