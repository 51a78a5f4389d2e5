"""
Every alert the product ships: one row each, and the only place where its name is written.

severity: critical pages somebody, warning opens a ticket, info is recorded.  scope: what the alert
is about, which decides how it is grouped.  Alerts of category sla and billing are never muted by
alerts of hardware or maintenance: silence must not change money.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert; meaning is a sentence for the reader, first_step what to do about it."""

    name: str
    severity: str
    scope: str
    category: str
    meaning: str
    first_step: str


CAPACITY_SHORTFALL = Alert(
    "GpuslaCapacityShortfall", "critical", "contract", "sla",
    "A contract gets fewer GPUs than it was promised.",
    "Open the contract dashboard and mend the rack that loses most dollars an hour.",
)
CREDIT_ACCRUING = Alert(
    "GpuslaCreditAccruing", "critical", "contract", "billing",
    "The period's availability is below a credit tier: money is owed if the period ended now.",
    "Run `gpusla explain` for the contract to see which spans caused it.",
)
BUDGET_BURNING_FAST = Alert(
    "GpuslaBudgetBurningFast", "critical", "contract", "sla",
    "An objective loses its month's error budget so fast that it will not last, and goes on losing.",
    "Open the contract dashboard and mend what is down now; the budget says how long there is.",
)
BREACH_CERTAIN = Alert(
    "GpuslaBreachCertain", "warning", "contract", "sla",
    "An objective will miss its target even if nothing more is lost in its window.",
    "See whether journals or agreed exclusions are missing; if not, prepare the tenant for the miss.",
)
NEXT_TIER_NEAR = Alert(
    "GpuslaNextTierNear", "critical", "contract", "sla",
    "At the present rate of loss the next credit tier is reached within four hours.",
    "Mend what is down now: the alert says how long there is and what the tier costs.",
)
CLAIM_DEADLINE_NEAR = Alert(
    "GpuslaClaimDeadlineNear", "warning", "contract", "billing",
    "A period's credit is lost unless the tenant claims it within seven days.",
    "Tell the tenant the amount and the day, and record the claim when it comes.",
)
RIGHT_OPENS = Alert(
    "GpuslaRightOpens", "info", "contract", "sla",
    "A dated right under a contract can be used within thirty days.",
    "Run `gpusla contract rights` on the contract file and tell whoever decides.",
)
CHRONIC_FAILURE = Alert(
    "GpuslaChronicFailure", "warning", "contract", "sla",
    "Repeated misses have opened the tenant's right to leave the contract.",
    "Tell the contract's owner today: the label `state` says whether the right can still be cured.",
)
EXCLUSION_REFUSED = Alert(
    "GpuslaExclusionRefused", "warning", "contract", "sla",
    "An exclusion record does not count under the contract, or not in full.",
    "Read in the statement which record and why, and append a record that the contract accepts.",
)
GPU_NOT_DELIVERED = Alert(
    "GpuslaGpuNotDelivered", "warning", "gpu", "hardware",
    "A slot is down: its GPU cannot be used.",
    "Look at the slot's reasons; they name the evidence and what clears it.",
)
RACK_NOT_DELIVERED = Alert(
    "GpuslaRackNotDelivered", "warning", "rack", "hardware",
    "A quarter or more of a rack's slots are down at once: one cause, not many GPUs.",
    "Look for what the slots share: the NVLink switches, the power shelf, the cooling.",
)
AGENT_SILENT = Alert(
    "GpuslaAgentSilent", "critical", "node", "telemetry",
    "A node's agent gives no samples: its time is unknown and may be charged to the provider.",
    "Check the node and its agent; the journal is fetched whenever it answers again.",
)
NODES_NOT_WATCHED = Alert(
    "GpuslaNodesNotWatched", "critical", "pipeline", "telemetry",
    "Prometheus has fewer nodes to scrape than the inventory names.",
    "Compare Prometheus's targets with the collector's list of them; the missing have no alerts.",
)
JOURNAL_STALLED = Alert(
    "GpuslaJournalStalled", "critical", "node", "telemetry",
    "An agent runs but cannot put its journal on disk: what it sees now is no evidence.",
    "Free space on the node's disk or mend it; the agent goes on by itself.",
)
EVIDENCE_STALE = Alert(
    "GpuslaEvidenceStale", "warning", "node", "telemetry",
    "The collector has taken in no journal record of a node for five minutes.",
    "Look at the collector's failed fetches for the node; the journal waits on the node.",
)
EVIDENCE_UNSIGNED = Alert(
    "GpuslaEvidenceUnsigned", "warning", "contract", "telemetry",
    "A node that has keys in the inventory records its time and no longer signs it.",
    "`gpusla collector findings --kind evidence_unsigned` names the nodes; look at the agent's log and key.",
)
CONFIGURATION_REFUSED = Alert(
    "GpuslaConfigurationRefused", "warning", "node", "telemetry",
    "An agent refused the newest version of one of its files and goes on with the one before.",
    "Read the agent's log for the sentence that names file, line and cause, and mend the file.",
)
COLLECTOR_STALLED = Alert(
    "GpuslaCollectorStalled", "critical", "pipeline", "telemetry",
    "The collector has not judged a contract for over two minutes, or not beyond a quarter of an hour ago, or gives no figures.",
    "Check the collector's log; agents keep their journals, so nothing is lost meanwhile.",
)
JOURNALS_AND_PROMETHEUS_DISAGREE = Alert(
    "GpuslaWitnessesDisagree", "warning", "contract", "telemetry",
    "Journals and Prometheus tell different state seconds for a contract.",
    "Compare the two over the window that the collector logs.",
)
LEDGER_UNBALANCED = Alert(
    "GpuslaLedgerUnbalanced", "critical", "pipeline", "billing",
    "Debits and credits differ in the ledger: nothing more is booked.",
    "Run `gpusla fsck` with the collector's settings; it names the entries. Restore nothing yet.",
)
ANNOUNCEMENTS_WAITING = Alert(
    "GpuslaAnnouncementsWaiting", "warning", "pipeline", "billing",
    "Bookings have not been taken by a receiver for over 15 minutes.",
    "Look at the collector's failures of job `announce`, and at the receiver itself.",
)
ACTION_DUE = Alert(
    "GpuslaActionDue", "warning", "gpu", "hardware",
    "A slot is degraded or unknown, and what should be done about it has been due for 15 minutes.",
    "Do what the label `action` says, or say who will; the slot's reasons name the evidence.",
)
ERROR_UNEXPLAINED = Alert(
    "GpuslaErrorUnexplained", "warning", "gpu", "hardware",
    "A GPU goes on working after an error that no catalogue knows, or that nothing explains.",
    "Keep the evidence with `gpusla-agent record` and ask the vendor.",
)
NVLINK_UNSTEADY = Alert(
    "GpuslaNvlinkUnsteady", "warning", "rack", "hardware",
    "NVLinks of a rack recover again and again, before any of them is lost.",
    "See whether the GPUs share a tray or the whole rack: a seat and a cable, or a switch.",
)
COOLANT_LEAK = Alert(
    "GpuslaCoolantLeak", "critical", "rack", "hardware",
    "A tray's sensor says that coolant leaks.",
    "Send somebody to the rack now; shut the valve and the power if the leak is seen.",
)
EVENTS_MISSED = Alert(
    "GpuslaEventsMissed", "warning", "node", "telemetry",
    "One of the two ways by which an agent learns of Xids is closed or loses some.",
    "The label `cause` says which; `gpusla-agent doctor` on the node says how to mend it.",
)
PROBES_FAILING = Alert(
    "GpuslaProbesFailing", "warning", "node", "telemetry",
    "Probes of an agent have failed for 15 minutes although no slot is down or unknown.",
    "Run `gpusla-agent doctor` on the node: a driver too old, a right that is missing, a tool gone.",
)
READINGS_REJECTED = Alert(
    "GpuslaReadingsRejected", "warning", "pipeline", "telemetry",
    "Drivers have given values of one reading that cannot be true for half an hour.",
    "Compare the driver versions of the nodes that reject it with those that do not.",
)
CLOCK_UNCERTAIN = Alert(
    "GpuslaClockUncertain", "warning", "node", "telemetry",
    "A node's clock may be off by over a second, or nobody keeps it right.",
    "Mend the node's time synchronisation; the bounds of its time shrink by themselves.",
)
WATCHDOG = Alert(
    "GpuslaWatchdog", "info", "pipeline", "telemetry",
    "Always fires: when it stops, the alerting path itself is broken.",
    "If it does not arrive, check Prometheus and Alertmanager.",
)

ALERTS: tuple[Alert, ...] = tuple(v for v in list(globals().values()) if isinstance(v, Alert))
