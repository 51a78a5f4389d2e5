"""
Every metric the product exports: one row each, and the only place where its name is written.

Names are `gpusla_<subject>_<what>_<base unit>[_total]`.  A name and its set of labels, once
released, are frozen.  Telemetry of a GPU carries few labels; everything else stands on
`gpusla_slot_info` to join on, except usage, which must carry the contract itself because a join
across a hand-over would be wrong.
"""

from dataclasses import dataclass
from enum import StrEnum


class MetricKind(StrEnum):
    """How Prometheus treats a metric."""

    GAUGE = "gauge"
    COUNTER = "counter"
    INFO = "info"


class Exporter(StrEnum):
    """Who exports it."""

    AGENT = "agent"
    COLLECTOR = "collector"


@dataclass(frozen=True, slots=True)
class Metric:
    """
    One metric.

    name: as it stands on the page, with `_total` or `_info` where its kind has that.
    labels: in the order of the page.  help: one sentence.  unit: base unit, empty for counts.
    """

    name: str
    kind: MetricKind
    labels: tuple[str, ...]
    help: str
    unit: str
    exporter: Exporter


def _agent(name: str, kind: MetricKind, labels: str, help_: str, unit: str = "") -> Metric:
    return Metric(name, kind, tuple(labels.split()), help_, unit, Exporter.AGENT)


def _collector(name: str, kind: MetricKind, labels: str, help_: str, unit: str = "") -> Metric:
    return Metric(name, kind, tuple(labels.split()), help_, unit, Exporter.COLLECTOR)


G, C, I = MetricKind.GAUGE, MetricKind.COUNTER, MetricKind.INFO  # noqa: E741

# Slots: what the contract is about.
SLOT_INFO = _agent(
    "gpusla_slot_info", I,
    "slot node site rack tray module domain gpu_uuid gpu sku contract tenant",
    "What is where: one series for each slot that this node should have, to join on.",
)
SLOT_STATE = _agent(
    "gpusla_slot_state", G, "slot state", "1 for the state that the slot is in now, 0 for the others.",
)
SLOT_STATE_SECONDS = _agent(
    "gpusla_slot_state_seconds_total", C, "slot state",
    "Seconds that the slot spent in each state, rebuilt from the journal; time in none is unknown.",
    "seconds",
)
SLOT_REASON = _agent(
    "gpusla_slot_reason", G, "slot reason", "1 for each reason why the slot is not ok.",
)

# GPUs: telemetry with few labels.
GPU_POWER = _agent("gpusla_gpu_power_watts", G, "gpu_uuid gpu", "Power draw, one second mean.", "watts")
GPU_POWER_LIMIT = _agent(
    "gpusla_gpu_power_limit_watts", G, "gpu_uuid gpu", "Power limit that the driver enforces.", "watts",
)
GPU_ENERGY = _agent(
    "gpusla_gpu_energy_joules_total", C, "gpu_uuid gpu", "Energy since the driver was loaded.", "joules",
)
GPU_TEMPERATURE = _agent(
    "gpusla_gpu_temperature_celsius", G, "gpu_uuid gpu", "Temperature of the GPU.", "celsius",
)
GPU_TEMPERATURE_MARGIN = _agent(
    "gpusla_gpu_temperature_margin_celsius", G, "gpu_uuid gpu",
    "Distance to the temperature at which the GPU begins to slow down.", "celsius",
)
GPU_SM_CLOCK = _agent("gpusla_gpu_sm_clock_hertz", G, "gpu_uuid gpu", "Clock of the multiprocessors.", "hertz")
GPU_MEMORY_CLOCK = _agent("gpusla_gpu_memory_clock_hertz", G, "gpu_uuid gpu", "Clock of the memory.", "hertz")
GPU_MEMORY_TOTAL = _agent("gpusla_gpu_memory_total_bytes", G, "gpu_uuid gpu", "Memory the GPU has.", "bytes")
GPU_MEMORY_USED = _agent("gpusla_gpu_memory_used_bytes", G, "gpu_uuid gpu", "Memory in use.", "bytes")
GPU_RECOVERY_ACTION = _agent(
    "gpusla_gpu_recovery_action", G, "gpu_uuid gpu action",
    "1 for the recovery action that the driver asks for, 0 for the others.",
)
GPU_FABRIC_STATE = _agent(
    "gpusla_gpu_fabric_state", G, "gpu_uuid gpu state",
    "1 for the state of the GPU's registration with its NVLink fabric, 0 for the others.",
)
GPU_FABRIC_HEALTHY = _agent(
    "gpusla_gpu_fabric_healthy", G, "gpu_uuid gpu", "1 if no part of the fabric health names a fault.",
)
GPU_XID_EVENTS = _agent(
    "gpusla_gpu_xid_events_total", C, "gpu_uuid gpu xid", "Xid errors that the driver reported.",
)

# Usage: carries the contract itself.
USAGE_BUSY_SECONDS = _agent(
    "gpusla_usage_busy_seconds_total", C, "gpu_uuid gpu contract tenant",
    "GPU-seconds in use: utilisation over time, while this contract held the slot.", "seconds",
)
USAGE_ENERGY = _agent(
    "gpusla_usage_energy_joules_total", C, "gpu_uuid gpu contract tenant",
    "Energy used while this contract held the slot.", "joules",
)
GPU_UTILIZATION = _agent(
    "gpusla_gpu_utilization_ratio", G, "gpu_uuid gpu contract tenant",
    "Share of the last sampling window in which a kernel ran.", "ratio",
)

# The agent itself.
AGENT_INFO = _agent("gpusla_agent_info", I, "node version source", "The agent on this node.")
AGENT_PROBE_SUCCESS = _agent(
    "gpusla_agent_probe_success", G, "probe", "1 if the probe's last pass had no error on any GPU.",
)
AGENT_PROBE_DURATION = _agent(
    "gpusla_agent_probe_duration_seconds", G, "probe", "How long the probe's last pass took.", "seconds",
)
AGENT_SAMPLES = _agent("gpusla_agent_samples_total", C, "", "Passes over the node's GPUs.")
AGENT_LAST_SAMPLE = _agent(
    "gpusla_agent_last_sample_timestamp_seconds", G, "", "When the last pass ended.", "seconds",
)
AGENT_JOURNAL_SEQUENCE = _agent(
    "gpusla_agent_journal_sequence", G, "", "Number of the last journal record that is safe on disk.",
)
AGENT_JOURNAL_SYNC = _agent(
    "gpusla_agent_journal_sync_timestamp_seconds", G, "", "When the journal was last synced to disk.", "seconds",
)
AGENT_JOURNAL_ERRORS = _agent(
    "gpusla_agent_journal_errors_total", C, "", "Attempts to write or sync the journal that failed.",
)
AGENT_SOURCE_RESTARTS = _agent(
    "gpusla_agent_source_restarts_total", C, "", "Times the worker that talks to the driver was replaced.",
)
AGENT_CONFIGURATION = _agent(
    "gpusla_agent_configuration_valid", G, "subject",
    "1 if the newest file of this subject is in force, 0 if it was refused and the last good one is.",
)
AGENT_CLOCK_ERROR = _agent(
    "gpusla_agent_clock_error_seconds", G, "",
    "How far the wall clock may be off; absent if nobody knows.", "seconds",
)
AGENT_EXPECTED_GPUS = _agent("gpusla_agent_expected_gpus", G, "", "GPUs that the inventory expects on this node.")

# Contracts, as the collector judges them.  "To date" means from the start of the open period.
CONTRACT_INFO = _collector(
    "gpusla_contract_info", I, "contract tenant version currency house", "The contract version in force.",
)
CONTRACT_COMMITTED_GPUS = _collector("gpusla_contract_committed_gpus", G, "contract tenant", "GPUs committed now.")
CONTRACT_DELIVERED_GPUS = _collector("gpusla_contract_delivered_gpus", G, "contract tenant", "GPUs delivered now, by the contract's own rules.")
CONTRACT_COMMITTED_SECONDS = _collector(
    "gpusla_contract_committed_gpu_seconds", G, "contract tenant", "GPU-seconds committed in the open period to date.", "seconds",
)
CONTRACT_DELIVERED_SECONDS = _collector(
    "gpusla_contract_delivered_gpu_seconds", G, "contract tenant bound",
    "GPU-seconds delivered in the open period to date: low, value and high.", "seconds",
)
CONTRACT_STATE_SECONDS = _collector(
    "gpusla_contract_state_gpu_seconds", G, "contract tenant state",
    "GPU-seconds by observed state in the open period to date.", "seconds",
)
CONTRACT_AVAILABILITY = _collector(
    "gpusla_contract_availability_ratio", G, "contract tenant bound",
    "Delivered over committed GPU-time in the open period to date: low, value and high.", "ratio",
)
CONTRACT_TARGET = _collector("gpusla_contract_target_ratio", G, "contract tenant", "What the contract promises.", "ratio")
CONTRACT_CREDIT_ACCRUED = _collector(
    "gpusla_contract_credit_accrued", G, "contract tenant currency bound",
    "Credit owed if the open period ended now, in whole units of the currency: low, value, high.",
)
CONTRACT_NEXT_TIER_SECONDS = _collector(
    "gpusla_contract_next_tier_gpu_seconds", G, "contract tenant",
    "GPU-seconds that may still be lost in the whole period before the next credit tier.", "seconds",
)
CONTRACT_AT_STAKE = _collector(
    "gpusla_contract_at_stake_per_hour", G, "contract tenant currency",
    "Fee for one hour of the GPUs that are committed and not delivered now.",
)
CONTRACT_PERIOD_START = _collector(
    "gpusla_contract_period_start_timestamp_seconds", G, "contract tenant", "Start of the open period.", "seconds",
)
CONTRACT_PERIOD_END = _collector(
    "gpusla_contract_period_end_timestamp_seconds", G, "contract tenant", "End of the open period.", "seconds",
)
DOMAIN_GPUS = _collector(
    "gpusla_domain_gpus", G, "domain state", "GPUs of a rack by the state they are in now.",
)

# The collector itself.
COLLECTOR_INFO = _collector("gpusla_collector_info", I, "version", "The collector.")
COLLECTOR_LAST_JUDGEMENT = _collector(
    "gpusla_collector_last_judgement_timestamp_seconds", G, "contract", "When the contract was last judged.", "seconds",
)
COLLECTOR_EVIDENCE_UNTIL = _collector(
    "gpusla_collector_evidence_until_timestamp_seconds", G, "node", "Instant of the last journal record taken in from the node.", "seconds",
)
COLLECTOR_FETCH_FAILURES = _collector(
    "gpusla_collector_fetch_failures_total", C, "node code", "Fetches of a journal that failed, by error code name.",
)
COLLECTOR_RECORDS = _collector("gpusla_collector_records_total", C, "", "Journal records taken in.")
COLLECTOR_NODES_EXPECTED = _collector("gpusla_collector_nodes_expected", G, "", "Nodes that the inventory names.")
COLLECTOR_RECONCILIATION = _collector(
    "gpusla_collector_reconciliation_difference_seconds", G, "contract",
    "State seconds in Prometheus less those in the journals, over the last reconciled window.", "seconds",
)
COLLECTOR_RECONCILED = _collector(
    "gpusla_collector_reconciliation_timestamp_seconds", G, "", "When journals and Prometheus were last reconciled.", "seconds",
)
COLLECTOR_JOB_FAILURES = _collector(
    "gpusla_collector_job_failures_total", C, "job code", "Runs of a job that failed, by error code name.",
)
LEDGER_ENTRIES = _collector(
    "gpusla_ledger_entries", G, "contract status", "Entries in the ledger: pending, posted or void.",
)

METRICS: tuple[Metric, ...] = tuple(v for v in list(globals().values()) if isinstance(v, Metric))
