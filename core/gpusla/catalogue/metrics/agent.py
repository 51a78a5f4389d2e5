"""The metrics of an agent: slots, GPUs, usage, the node around them, and the agent itself."""

from gpusla.catalogue.metrics.row import C, G, I, agent_row, full_row

# Slots: what the contract is about.
SLOT_INFO = agent_row(
    "gpusla_slot_info", I,
    "slot node site rack tray module domain gpu_uuid gpu sku contract tenant",
    "What is where: one series for each slot that this node should have, to join on.",
)
SLOT_STATE = agent_row(
    "gpusla_slot_state", G, "slot state", "1 for the state that the slot is in now, 0 for the others.",
)
SLOT_STATE_SECONDS = agent_row(
    "gpusla_slot_state_seconds_total", C, "slot state",
    "Seconds that the slot spent in each state, rebuilt from the journal; time in none is unknown.",
    "seconds",
)
SLOT_REASON = agent_row("gpusla_slot_reason", G, "slot reason", "1 for each reason why the slot is not ok.")
SLOT_ACTION = agent_row(
    "gpusla_slot_action", G, "slot action", "1 for what an operator should do about the slot; absent where that is nothing.",
)

# GPUs: telemetry with few labels.
GPU_INFO = agent_row(
    "gpusla_gpu_info", I,
    "gpu_uuid gpu name serial board_part_number vbios_version driver_version pci_bus_id module_id "
    "chassis_serial tray_index chassis_slot host_id cluster_uuid clique",
    "What the GPU is and where the hardware says it sits; empty for what it does not tell.",
)
GPU_POWER = agent_row("gpusla_gpu_power_watts", G, "gpu_uuid gpu", "Power draw, one second mean.", "watts")
GPU_POWER_LIMIT = agent_row(
    "gpusla_gpu_power_limit_watts", G, "gpu_uuid gpu", "Power limit that the driver enforces.", "watts",
)
MODULE_POWER = full_row(
    "gpusla_module_power_watts", G, "serial",
    "Power draw of a superchip: its GPUs, which share the serial, and its CPU, told once.", "watts",
)
GPU_ENERGY = agent_row("gpusla_gpu_energy_joules_total", C, "gpu_uuid gpu", "Energy since the driver was loaded.", "joules")
GPU_TEMPERATURE = agent_row("gpusla_gpu_temperature_celsius", G, "gpu_uuid gpu", "Temperature of the GPU.", "celsius")
GPU_TEMPERATURE_MARGIN = agent_row(
    "gpusla_gpu_temperature_margin_celsius", G, "gpu_uuid gpu",
    "Distance to the temperature at which the GPU begins to slow down.", "celsius",
)
GPU_MEMORY_TEMPERATURE = agent_row(
    "gpusla_gpu_memory_temperature_celsius", G, "gpu_uuid gpu", "Temperature of the memory.", "celsius",
)
GPU_SM_CLOCK = agent_row("gpusla_gpu_sm_clock_hertz", G, "gpu_uuid gpu", "Clock of the multiprocessors.", "hertz")
GPU_CLOCK_EVENT_SECONDS = agent_row(
    "gpusla_gpu_clock_event_seconds_total", C, "gpu_uuid gpu event",
    "Time in which the clocks were held down, by what held them: sw_power_cap, sw_thermal, hw_thermal, hw_power_brake.",
    "seconds",
)
GPU_MEMORY_TOTAL = agent_row("gpusla_gpu_memory_total_bytes", G, "gpu_uuid gpu", "Memory the GPU has.", "bytes")
GPU_MEMORY_USED = agent_row("gpusla_gpu_memory_used_bytes", G, "gpu_uuid gpu", "Memory in use.", "bytes")
GPU_RECOVERY_ACTION = agent_row(
    "gpusla_gpu_recovery_action", G, "gpu_uuid gpu",
    "What the driver asks for: 0 nothing, 1 GPU reset, 2 node reboot, 3 drain peers, 4 drain and reset, "
    "5 recover the IMEX domain, 6 bus reset, 7 system reboot.",
)
GPU_FABRIC_STATE = agent_row(
    "gpusla_gpu_fabric_state", G, "gpu_uuid gpu",
    "Registration with the NVLink fabric: 0 not supported, 1 not started, 2 in progress, 3 completed.",
)
GPU_FABRIC_HEALTHY = agent_row("gpusla_gpu_fabric_healthy", G, "gpu_uuid gpu", "1 if no part of the fabric health names a fault; absent for a GPU without a fabric.")
GPU_ECC_ERRORS = agent_row(
    "gpusla_gpu_ecc_errors_total", C, "gpu_uuid gpu error",
    "Memory errors since the driver was loaded: corrected, uncorrected.",
)
GPU_ECC_ERRORS_LIFETIME = full_row(
    "gpusla_gpu_ecc_lifetime_errors_total", C, "gpu_uuid gpu error",
    "Memory errors of the GPU's whole life: uncorrected.",
)
GPU_REMAP_PENDING = agent_row(
    "gpusla_gpu_row_remap_pending", G, "gpu_uuid gpu", "1 if a memory row is remapped at the next reset.",
)
GPU_REMAP_FAILED = agent_row("gpusla_gpu_row_remap_failed", G, "gpu_uuid gpu", "1 if a memory row could not be remapped.")
GPU_REMAPPED_ROWS = full_row(
    "gpusla_gpu_remapped_rows_total", C, "gpu_uuid gpu error",
    "Memory rows remapped in the GPU's life, after corrected and uncorrected errors.",
)
GPU_BANKS_WITHOUT_SPARES = full_row(
    "gpusla_gpu_memory_banks_without_spares", G, "gpu_uuid gpu", "Memory banks that have no spare row left.",
)
GPU_NVLINKS_ACTIVE = agent_row("gpusla_gpu_nvlinks_active", G, "gpu_uuid gpu", "NVLinks that are active.")
GPU_NVLINK_ERRORS = full_row(
    "gpusla_gpu_nvlink_packet_errors_total", C, "gpu_uuid gpu",
    "Malformed, overrun, damaged and discarded packets of all NVLinks.",
)
GPU_NVLINK_RECOVERIES = full_row(
    "gpusla_gpu_nvlink_recoveries_total", C, "gpu_uuid gpu result",
    "Recoveries of all NVLinks: succeeded, failed.",
)
GPU_NVLINK_BER = full_row(
    "gpusla_gpu_nvlink_effective_bit_error_ratio", G, "gpu_uuid gpu",
    "Bit errors after correction, of the worst NVLink.", "ratio",
)
GPU_C2C_LINKS_ACTIVE = full_row(
    "gpusla_gpu_c2c_links_active", G, "gpu_uuid gpu", "Links to the CPU of the superchip that are up.",
)
GPU_C2C_ERRORS = full_row(
    "gpusla_gpu_c2c_errors_total", C, "gpu_uuid gpu", "Interrupts for errors on the links to the CPU.",
)
GPU_PCIE_REPLAYS = agent_row("gpusla_gpu_pcie_replays_total", C, "gpu_uuid gpu", "PCIe retries.")
GPU_PCIE_WIDTH = full_row("gpusla_gpu_pcie_lanes", G, "gpu_uuid gpu", "PCIe lanes of the link now.")
GPU_PCIE_ERRORS = full_row(
    "gpusla_gpu_pcie_nonfatal_errors_total", C, "gpu_uuid gpu", "PCIe errors that were not corrected and not fatal.",
)
GPU_XID_CLASS_EVENTS = agent_row(
    "gpusla_gpu_xid_class_events_total", C, "gpu_uuid gpu class",
    "Xid errors by what they are about: application, hardware, nvlink, other; kept over restarts.",
)
GPU_XID_EVENTS = agent_row(
    "gpusla_gpu_xid_events_total", C, "gpu_uuid gpu xid",
    "Xid errors by number, from the first of it on; the four numbers seen last, kept over restarts.",
)
GPU_XID_LAST_SEEN = agent_row(
    "gpusla_gpu_xid_last_seen_timestamp_seconds", G, "gpu_uuid gpu xid", "When the Xid was last seen.", "seconds",
)
GPU_SM_ACTIVE = full_row(
    "gpusla_gpu_sm_active_ratio", G, "gpu_uuid gpu",
    "Share of cycles in which a multiprocessor had work, mean over all since the last pass.", "ratio",
)
GPU_TENSOR_ACTIVE = full_row(
    "gpusla_gpu_tensor_active_ratio", G, "gpu_uuid gpu",
    "Share of cycles in which any tensor pipe was active since the last pass.", "ratio",
)
GPU_DRAM_ACTIVE = full_row(
    "gpusla_gpu_dram_active_ratio", G, "gpu_uuid gpu",
    "Share of cycles in which memory was transferring since the last pass.", "ratio",
)
GPU_PROCESSES = full_row("gpusla_gpu_processes", G, "gpu_uuid gpu", "Compute processes on the GPU.")
GPU_MIG_INSTANCES = full_row("gpusla_gpu_mig_instances", G, "gpu_uuid gpu", "MIG instances that exist.")

# Usage: carries the contract itself.
USAGE_BUSY_SECONDS = agent_row(
    "gpusla_usage_busy_seconds_total", C, "gpu_uuid gpu contract tenant",
    "GPU-seconds in use: utilisation over time, while this contract held the slot.", "seconds",
)
USAGE_TENSOR_SECONDS = full_row(
    "gpusla_usage_tensor_active_seconds_total", C, "gpu_uuid gpu contract tenant",
    "GPU-seconds in which a tensor pipe was active, while this contract held the slot.", "seconds",
)
USAGE_ENERGY = agent_row(
    "gpusla_usage_energy_joules_total", C, "gpu_uuid gpu contract tenant",
    "Energy used while this contract held the slot.", "joules",
)
USAGE_NVLINK_BYTES = full_row(
    "gpusla_usage_nvlink_bytes_total", C, "gpu_uuid gpu contract tenant",
    "Bytes sent and received over NVLink while this contract held the slot.", "bytes",
)
USAGE_PCIE_BYTES = full_row(
    "gpusla_usage_pcie_bytes_total", C, "gpu_uuid gpu contract tenant",
    "Bytes sent and received over PCIe while this contract held the slot.", "bytes",
)
GPU_UTILIZATION = agent_row(
    "gpusla_gpu_utilization_ratio", G, "gpu_uuid gpu contract tenant",
    "Share of the last sampling window in which a kernel ran.", "ratio",
)

# The node around the GPUs.
HOST_PORT_UP = agent_row("gpusla_host_port_up", G, "device port", "1 if the network port's link is active.")
HOST_PORT_RATE = agent_row(
    "gpusla_host_port_rate_bytes_per_second", G, "device port", "Rate of the network port's link.", "bytes_per_second",
)
HOST_PORT_ERRORS = agent_row(
    "gpusla_host_port_errors_total", C, "device port",
    "Symbol errors, link failures and receive errors of the network port.",
)
HOST_PORT_LINK_DOWNS = agent_row(
    "gpusla_host_port_link_downs_total", C, "device port", "Times the network port's link went down.",
)
HOST_PORT_BYTES = agent_row(
    "gpusla_host_port_bytes_total", C, "device port direction", "Bytes that the network port sent and received.", "bytes",
)
HOST_CPUS = agent_row("gpusla_host_cpus", G, "", "Processors of the node.")
HOST_CPU_BUSY = agent_row(
    "gpusla_host_cpu_busy_seconds_total", C, "", "Processor seconds not idle since boot, all processors.", "seconds",
)
HOST_MEMORY_TOTAL = agent_row("gpusla_host_memory_total_bytes", G, "", "Memory of the node.", "bytes")
HOST_MEMORY_AVAILABLE = agent_row(
    "gpusla_host_memory_available_bytes", G, "", "Memory of the node that programs could have.", "bytes",
)
HOST_CLOCK_SYNCHRONISED = agent_row("gpusla_host_clock_synchronised", G, "", "1 if somebody keeps the node's clock right.")
HOST_CLOCK_OFFSET = agent_row(
    "gpusla_host_clock_offset_seconds", G, "", "What the kernel is still correcting the clock by.", "seconds",
)
HOST_CLOCK_ERROR_MAX = agent_row(
    "gpusla_host_clock_error_max_seconds", G, "", "How far the kernel says that the clock may be off.", "seconds",
)
HOST_IMEX_STATE = agent_row("gpusla_host_imex_state", G, "", "The IMEX domain: 0 down, 1 degraded, 2 up.")
HOST_IMEX_NODES = agent_row("gpusla_host_imex_nodes", G, "", "Nodes of the IMEX domain.")
HOST_IMEX_NODES_READY = agent_row(
    "gpusla_host_imex_nodes_ready", G, "", "Nodes of the IMEX domain whose daemon is ready.",
)
HOST_LEAK = agent_row("gpusla_host_leak_detected", G, "sensor", "1 if the BMC's sensor says that coolant leaks.")
HOST_COOLANT_TEMPERATURE = agent_row(
    "gpusla_host_coolant_celsius", G, "sensor kind", "Temperature of the coolant, by the BMC's sensor.", "celsius",
)
HOST_COOLANT_PRESSURE = agent_row(
    "gpusla_host_coolant_pascals", G, "sensor kind", "Pressure of the coolant, by the BMC's sensor.", "pascals",
)
HOST_COOLANT_FLOW = agent_row(
    "gpusla_host_coolant_flow_cubic_meters_per_second", G, "sensor kind",
    "Flow of the coolant, by the BMC's sensor.", "cubic_meters_per_second",
)

# The agent itself.
AGENT_INFO = agent_row("gpusla_agent_info", I, "node version source", "The agent on this node.")
AGENT_PROBE_SUCCESS = agent_row(
    "gpusla_agent_probe_success", G, "probe", "1 if the probe's last pass had no error on any GPU.",
)
AGENT_PROBE_DURATION = agent_row(
    "gpusla_agent_probe_duration_seconds", G, "probe", "How long the probe's last pass took.", "seconds",
)
AGENT_SAMPLES = agent_row("gpusla_agent_samples_total", C, "", "Passes over the node's GPUs.")
AGENT_LAST_SAMPLE = agent_row(
    "gpusla_agent_last_sample_timestamp_seconds", G, "", "When the last pass ended.", "seconds",
)
AGENT_JOURNAL_SEQUENCE = agent_row(
    "gpusla_agent_journal_sequence", G, "", "Number of the last journal record that is safe on disk.",
)
AGENT_JOURNAL_SYNC = agent_row(
    "gpusla_agent_journal_sync_timestamp_seconds", G, "", "When the journal was last synced to disk.", "seconds",
)
AGENT_JOURNAL_ERRORS = agent_row(
    "gpusla_agent_journal_errors_total", C, "", "Attempts to write or sync the journal that failed.",
)
AGENT_SOURCE_RESTARTS = agent_row(
    "gpusla_agent_source_restarts_total", C, "", "Times the worker that talks to the driver was replaced.",
)
AGENT_REJECTED = agent_row(
    "gpusla_agent_rejected_readings_total", C, "reading",
    "Readings that the driver gave and that cannot be true; they are not shown.",
)
AGENT_EVENTS_LOST = agent_row(
    "gpusla_agent_events_lost_total", C, "", "Events of the driver that came faster than they could be taken in.",
)
AGENT_KERNEL_LOG_READABLE = agent_row(
    "gpusla_agent_kernel_log_readable", G, "", "1 if the agent can read the kernel's log.",
)
AGENT_KERNEL_LOG_LOST = agent_row(
    "gpusla_agent_kernel_log_lost_records_total", C, "", "Records that the kernel's log dropped before they were read.",
)
AGENT_KERNEL_LOG_FOREIGN = agent_row(
    "gpusla_agent_kernel_log_foreign_xids_total", C, "",
    "Lines that look like an Xid and did not come from the kernel; they count as nothing.",
)
AGENT_KERNEL_LOG_UNREAD = agent_row(
    "gpusla_agent_kernel_log_unread_xids_total", C, "", "Xid lines of the kernel in a form that the agent cannot read.",
)
AGENT_CONFIGURATION = agent_row(
    "gpusla_agent_configuration_valid", G, "subject",
    "1 if the newest file of this subject is in force, 0 if it was refused and the last good one is.",
)
AGENT_CLOCK_ERROR = agent_row(
    "gpusla_agent_clock_error_seconds", G, "",
    "How far the wall clock may be off; absent if nobody knows.", "seconds",
)
AGENT_EXPECTED_GPUS = agent_row("gpusla_agent_expected_gpus", G, "", "GPUs that the inventory expects on this node.")
