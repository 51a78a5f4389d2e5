"""
Every Xid error number, as NVIDIA publishes it, one row each.

Source: NVIDIA's Xid catalogue (spreadsheet, properties of 2025-09-30) for 1 to 172; names of 173 to
176 from the driver's public header of release 595.45.04, which publishes no action.  The column
`meaning` is in our words; `scope` and `capacity` are our reading for a contract, not NVIDIA's.
There is no column for a GB300; the GB200's is the nearest.  What the numbers mean for a slot is
decided in `gpusla.health`, from these rows.
"""

from dataclasses import dataclass
from enum import StrEnum


class Immediate(StrEnum):
    """What the catalogue says to do at once; NOT_PUBLISHED where it says nothing."""

    IGNORE = "IGNORE"
    RESTART_APP = "RESTART_APP"
    RESET_GPU = "RESET_GPU"
    RESTART_VM = "RESTART_VM"
    RESTART_BM = "RESTART_BM"
    CHECK_MECHANICALS = "CHECK_MECHANICALS"
    CHECK_UVM = "CHECK_UVM"
    UPDATE_SWFW = "UPDATE_SWFW"
    CONTACT_SUPPORT = "CONTACT_SUPPORT"
    WORKFLOW_XID_45 = "WORKFLOW_XID_45"
    WORKFLOW_XID_48 = "WORKFLOW_XID_48"
    WORKFLOW_NVLINK_ERR = "WORKFLOW_NVLINK_ERR"
    WORKFLOW_NVLINK5_ERR = "WORKFLOW_NVLINK5_ERR"
    XID_154 = "XID_154"
    NOT_PUBLISHED = ""


class Scope(StrEnum):
    """What one such error touches."""

    NONE = "none"
    PROCESS = "process"
    MEMORY = "memory"
    POWER = "power"
    GPU = "gpu"
    NVLINK = "nvlink"
    NODE = "node"
    VM = "vm"
    META = "meta"
    UNKNOWN = "unknown"


class Capacity(StrEnum):
    """What one such error means for the capacity that was sold, read from the row alone."""

    NOT_USED = "none"
    PROCESS_LOST = "process lost, GPU usable"
    NONE_BY_ITSELF = "none by itself"
    FOLLOW = "follow the Xid it accompanies"
    UNTIL_RESET = "GPU lost until reset"
    UNTIL_RESET_OR_CONTAINED = "GPU lost until reset (process only if contained, see 94/95)"
    OPERATOR_WORK = "operator work needed"
    DECODE_FIRST = "decode first: may be none, one GPU until reset, or a whole NVLink partition"
    UNTIL_NODE_RESTART = "GPU lost until node restart"
    SUPPORT_CASE = "treat as support case"
    UNTIL_VM_RESTART = "GPU lost until VM restart"
    AS_NAMED = "take the action it names"
    UNTIL_RESET_IF_UVM = "GPU lost until reset if UVM or vGPU is in use"
    AS_XID_48 = "same as the Xid 48 it accompanies"


@dataclass(frozen=True, slots=True)
class XidRow:
    """
    One number.

    mnemonic: the driver's name for it.  investigatory: what the catalogue says to do next, in its
    words.  architectures: those that can report it, None if nobody says.  recovery_action_since:
    the driver branch from which on the driver itself names a recovery action for it (Xid 154).
    """

    number: int
    mnemonic: str
    meaning: str
    immediate: Immediate
    investigatory: str
    architectures: frozenset[str] | None
    recovery_action_since: str
    scope: Scope
    capacity: Capacity
    source: str


ARCHITECTURES = ("a100", "h100", "b100", "gb200")
CATALOGUE, DRIVER_HEADER = "Xid catalogue", "driver header"


def _row(number: int, mnemonic: str, meaning: str, immediate: str, investigatory: str,  # noqa: PLR0917
         columns: str, since: str, scope: str, capacity: Capacity) -> XidRow:
    """Build a row; columns: the first letters of its architectures, `?` if nobody says."""
    known = None if columns == "?" else frozenset(a for a in ARCHITECTURES if a[0] in columns)
    return XidRow(
        number, mnemonic, meaning, Immediate(immediate), investigatory, known, since,
        Scope(scope), capacity, DRIVER_HEADER if known is None else CATALOGUE,
    )


def _unused(number: int, mnemonic: str, investigatory: str = "") -> XidRow:
    return _row(number, mnemonic, "not used on A100 and later", "CONTACT_SUPPORT", investigatory, "", "",
                "none", Capacity.NOT_USED)


def _engine(number: int, mnemonic: str, meaning: str, columns: str) -> XidRow:
    """Build the row of an engine whose fault ends the process that used it."""
    return _row(number, mnemonic, meaning, "RESTART_APP", "CONTACT_SUPPORT", columns, "", "process",
                Capacity.PROCESS_LOST)


_C = Capacity

XIDS: dict[int, XidRow] = {row.number: row for row in (
    _unused(1, "ROBUST_CHANNEL_FIFO_ERROR_FIFO_METHOD"),
    _unused(2, "ROBUST_CHANNEL_FIFO_ERROR_SW_METHOD"),
    _unused(3, "ROBUST_CHANNEL_FIFO_ERROR_UNK_METHOD"),
    _unused(4, "ROBUST_CHANNEL_FIFO_ERROR_CHANNEL_BUSY"),
    _unused(5, "ROBUST_CHANNEL_FIFO_ERROR_RUNOUT_OVERFLOW"),
    _unused(6, "ROBUST_CHANNEL_FIFO_ERROR_PARSE_ERR"),
    _unused(7, "ROBUST_CHANNEL_FIFO_ERROR_PTE_ERR"),
    _engine(8, "ROBUST_CHANNEL_FIFO_ERROR_IDLE_TIMEOUT", "Channel made no progress in time; GPU work stopped", "ahbg"),
    _unused(9, "ROBUST_CHANNEL_GR_ERROR_INSTANCE"),
    _unused(10, "ROBUST_CHANNEL_GR_ERROR_SINGLE_STEP"),
    _row(11, "ROBUST_CHANNEL_GR_ERROR_MISSING_HW", "Broken command stream reached the front end",
         "RESTART_APP", "CHECK_APP/CUDA", "ahbg", "", "process", _C.PROCESS_LOST),
    _unused(12, "ROBUST_CHANNEL_GR_ERROR_SW_METHOD"),
    _row(13, "ROBUST_CHANNEL_GR_EXCEPTION / ROBUST_CHANNEL_GR_ERROR_SW_NOTIFY", "Shader/compute engine fault, usually an application memory error (may be hardware if the same TPC repeats)",
         "RESTART_APP", "WORKFLOW_XID_13", "ahbg", "", "process", _C.PROCESS_LOST),
    _row(14, "ROBUST_CHANNEL_FAKE_ERROR", "Fault injected on purpose from user space",
         "IGNORE", "CONTACT_SUPPORT", "ahbg", "", "none", _C.NONE_BY_ITSELF),
    _unused(15, "ROBUST_CHANNEL_SCANLINE_TIMEOUT"),
    _unused(16, "ROBUST_CHANNEL_VBLANK_CALLBACK_TIMEOUT", "CONTACT_SUPPORT"),
    _unused(17, "ROBUST_CHANNEL_PARAMETER_ERROR"),
    _unused(18, "ROBUST_CHANNEL_BUS_MASTER_TIMEOUT_ERROR"),
    _unused(19, "ROBUST_CHANNEL_DISP_MISSED_NOTIFIER"),
    _unused(20, "ROBUST_CHANNEL_MPEG_ERROR_SW_METHOD"),
    _unused(21, "ROBUST_CHANNEL_ME_ERROR_SW_METHOD"),
    _unused(22, "ROBUST_CHANNEL_VP_ERROR_SW_METHOD"),
    _unused(23, "ROBUST_CHANNEL_RC_LOGGING_ENABLED"),
    _unused(24, "ROBUST_CHANNEL_GR_SEMAPHORE_TIMEOUT"),
    _row(25, "ROBUST_CHANNEL_GR_ILLEGAL_NOTIFY", "Illegal command stream notify",
         "RESTART_APP", "CHECK_APP/CUDA", "ahbg", "", "process", _C.PROCESS_LOST),
    _unused(26, "ROBUST_CHANNEL_FIFO_ERROR_FBISTATE_TIMEOUT"),
    _unused(27, "ROBUST_CHANNEL_VP_ERROR"),
    _unused(28, "ROBUST_CHANNEL_VP2_ERROR"),
    _unused(29, "ROBUST_CHANNEL_BSP_ERROR"),
    _unused(30, "ROBUST_CHANNEL_BAD_ADDR_ACCESS"),
    _row(31, "ROBUST_CHANNEL_FIFO_ERROR_MMU_ERR_FLT", "GPU page fault: access to an unmapped or forbidden address",
         "RESTART_APP", "WORKFLOW_XID_31", "ahbg", "", "process", _C.PROCESS_LOST),
    _row(32, "ROBUST_CHANNEL_PBDMA_ERROR", "Command DMA unit rejected the stream (corruption between driver and GPU)",
         "RESTART_APP", "CHECK_APP/CUDA", "ahbg", "", "process", _C.PROCESS_LOST),
    _unused(33, "ROBUST_CHANNEL_SEC_ERROR"),
    _unused(34, "ROBUST_CHANNEL_MSVLD_ERROR"),
    _unused(35, "ROBUST_CHANNEL_MSPDEC_ERROR"),
    _unused(36, "ROBUST_CHANNEL_MSPPP_ERROR"),
    _row(37, "ROBUST_CHANNEL_FECS_ERR_UNIMP_FIRMWARE_METHOD", "Firmware method not implemented in the context-switch unit",
         "IGNORE", "CHECK_APP/CUDA", "ahbg", "", "none", _C.NONE_BY_ITSELF),
    _row(38, "ROBUST_CHANNEL_FECS_ERR_WATCHDOG_TIMEOUT", "Context-switch firmware watchdog fired",
         "IGNORE", "CONTACT_SUPPORT", "ahbg", "", "none", _C.NONE_BY_ITSELF),
    _engine(39, "ROBUST_CHANNEL_CE0_ERROR", "Copy engine fault", "ahbg"),
    _engine(40, "ROBUST_CHANNEL_CE1_ERROR", "Copy engine fault", "ahbg"),
    _engine(41, "ROBUST_CHANNEL_CE2_ERROR", "Copy engine fault", "ahbg"),
    _unused(42, "ROBUST_CHANNEL_VIC_ERROR"),
    _row(43, "ROBUST_CHANNEL_RESETCHANNEL_VERIF_ERROR", "Application hit a software fault and was torn down; GPU stays usable",
         "IGNORE", "CONTACT_SUPPORT", "ahbg", "", "none", _C.NONE_BY_ITSELF),
    _row(44, "ROBUST_CHANNEL_GR_FAULT_DURING_CTXSW", "Engine fault while switching context",
         "IGNORE", "CONTACT_SUPPORT", "ahbg", "", "none", _C.NONE_BY_ITSELF),
    _row(45, "ROBUST_CHANNEL_PREEMPTIVE_REMOVAL", "Channel removed because of an earlier error, a reset or a killed process",
         "WORKFLOW_XID_45", "RESTART_FM if alone, else follow the other Xid", "ahbg", "", "process", _C.FOLLOW),
    _row(46, "ROBUST_CHANNEL_GPU_TIMEOUT_ERROR", "GPU stopped answering within its time limit",
         "RESET_GPU", "CONTACT_SUPPORT", "ahbg", "", "gpu", _C.UNTIL_RESET),
    _unused(47, "ROBUST_CHANNEL_NVENC0_ERROR"),
    _row(48, "ROBUST_CHANNEL_GPU_ECC_DBE", "Uncorrectable (double-bit) ECC error",
         "WORKFLOW_XID_48", "WORKFLOW_XID_48", "ahbg", "R565", "memory", _C.UNTIL_RESET_OR_CONTAINED),
    _unused(49, "SILENT_RUNNING_CONSTANT_LEVEL_SET_BY_REGISTRY"),
    _unused(50, "SILENT_RUNNING_LEVEL_TRANSITION_DUE_TO_RC_ERROR"),
    _unused(51, "SILENT_RUNNING_STRESS_TEST_FAILURE"),
    _unused(52, "SILENT_RUNNING_LEVEL_TRANS_DUE_TO_TEMP_RISE"),
    _unused(53, "SILENT_RUNNING_TEMP_REDUCED_CLOCKING"),
    _row(54, "SILENT_RUNNING_PWR_REDUCED_CLOCKING", "Auxiliary power connector not seen",
         "CHECK_MECHANICALS", "CONTACT_SUPPORT", "ahb", "", "node", _C.OPERATOR_WORK),
    _unused(55, "SILENT_RUNNING_TEMPERATURE_READ_ERROR"),
    _unused(56, "DISPLAY_CHANNEL_EXCEPTION"),
    _unused(57, "FB_LINK_TRAINING_FAILURE_ERROR"),
    _unused(58, "FB_MEMORY_ERROR"),
    _unused(59, "PMU_ERROR"),
    _row(60, "ROBUST_CHANNEL_SEC2_ERROR", "Video processor fault",
         "RESTART_APP", "INVESTIGATE_SW", "ahbg", "", "process", _C.PROCESS_LOST),
    _unused(61, "PMU_BREAKPOINT"),
    _row(62, "PMU_HALT_ERROR", "Power-management microcontroller halted",
         "RESET_GPU", "CONTACT_SUPPORT", "ahbg", "R565", "gpu", _C.UNTIL_RESET),
    _row(63, "INFOROM_DRAM_RETIREMENT_EVENT", "Memory row remap (or page retirement) recorded",
         "IGNORE", "IGNORE", "ahbg", "R565", "none", _C.NONE_BY_ITSELF),
    _row(64, "INFOROM_DRAM_RETIREMENT_FAILURE", "Memory row remap (or page retirement) could not be recorded",
         "RESET_GPU", "CONTACT_SUPPORT", "ahbg", "R565", "gpu", _C.UNTIL_RESET),
    _unused(65, "ROBUST_CHANNEL_NVENC1_ERROR"),
    _row(66, "ROBUST_CHANNEL_FECS_ERR_REG_ACCESS_VIOLATION", "Driver touched a register it may not",
         "IGNORE", "INVESTIGATE_SW", "ahbg", "", "none", _C.NONE_BY_ITSELF),
    _row(67, "ROBUST_CHANNEL_FECS_ERR_VERIF_VIOLATION", "Driver access failed verification",
         "IGNORE", "CONTACT_SUPPORT", "ahbg", "", "none", _C.NONE_BY_ITSELF),
    _engine(68, "ROBUST_CHANNEL_NVDEC0_ERROR", "Video decoder fault", "ahbg"),
    _row(69, "ROBUST_CHANNEL_GR_CLASS_ERROR", "Class error in the graphics/compute engine",
         "RESTART_APP", "CHECK_APP/CUDA", "ahbg", "", "process", _C.PROCESS_LOST),
    _engine(70, "ROBUST_CHANNEL_CE3_ERROR", "Copy engine fault", "ahbg"),
    _engine(71, "ROBUST_CHANNEL_CE4_ERROR", "Copy engine fault", "ahbg"),
    _engine(72, "ROBUST_CHANNEL_CE5_ERROR", "Copy engine fault", "ahbg"),
    _unused(73, "ROBUST_CHANNEL_NVENC2_ERROR"),
    _row(74, "NVLINK_ERROR", "NVLink error on NVLink 4 and older",
         "WORKFLOW_NVLINK_ERR", "CONTACT_SUPPORT", "ah", "R565", "nvlink", _C.DECODE_FIRST),
    _engine(75, "ROBUST_CHANNEL_CE6_ERROR", "Copy engine fault", "ahbg"),
    _engine(76, "ROBUST_CHANNEL_CE7_ERROR", "Copy engine fault", "ahbg"),
    _engine(77, "ROBUST_CHANNEL_CE8_ERROR", "Copy engine fault", "ahbg"),
    _row(78, "VGPU_START_ERROR", "vGPU could not start",
         "UPDATE_SWFW", "UPDATE_SWFW", "ahbg", "", "node", _C.OPERATOR_WORK),
    _row(79, "ROBUST_CHANNEL_GPU_HAS_FALLEN_OFF_THE_BUS", "GPU no longer reachable over PCIe (fallen off the bus)",
         "RESTART_BM", "CONTACT_SUPPORT", "ahbg", "R565", "node", _C.UNTIL_NODE_RESTART),
    _row(80, "PBDMA_PUSHBUFFER_CRC_MISMATCH", "Data sent to the GPU failed its checksum",
         "RESTART_APP", "CHECK_APP/CUDA", "ah", "", "process", _C.PROCESS_LOST),
    _unused(81, "ROBUST_CHANNEL_VGA_SUBSYSTEM_ERROR"),
    _engine(82, "ROBUST_CHANNEL_NVJPG0_ERROR", "JPEG engine fault", "ahbg"),
    _engine(83, "ROBUST_CHANNEL_NVDEC1_ERROR", "Video decoder fault", "ahbg"),
    _engine(84, "ROBUST_CHANNEL_NVDEC2_ERROR", "Video decoder fault", "ahbg"),
    _engine(85, "ROBUST_CHANNEL_CE9_ERROR", "Copy engine fault", "ahbg"),
    _engine(86, "ROBUST_CHANNEL_OFA0_ERROR", "Optical-flow engine fault", "ahbg"),
    _unused(87, "NVTELEMETRY_DRIVER_REPORT"),
    _engine(88, "ROBUST_CHANNEL_NVDEC3_ERROR", "Video decoder fault", "ahbg"),
    _engine(89, "ROBUST_CHANNEL_NVDEC4_ERROR", "Video decoder fault", "ahbg"),
    _unused(90, "LTC_ERROR"),
    _unused(91, "RESERVED_XID"),
    _row(92, "EXCESSIVE_SBE_INTERRUPTS", "Rate of corrected ECC errors is high",
         "IGNORE", "CONTACT_SUPPORT", "ahbg", "", "none", _C.NONE_BY_ITSELF),
    _row(93, "INFOROM_ERASE_LIMIT_EXCEEDED", "InfoROM wear limit reached",
         "IGNORE", "CONTACT_SUPPORT", "a", "", "none", _C.NONE_BY_ITSELF),
    _row(94, "ROBUST_CHANNEL_CONTAINED_ERROR", "Uncorrectable memory error, contained to the affected process",
         "RESTART_APP", "IGNORE (sympathetic)", "ahbg", "R565", "process", _C.PROCESS_LOST),
    _row(95, "ROBUST_CHANNEL_UNCONTAINED_ERROR", "Uncorrectable memory error that was not contained",
         "RESET_GPU", "IGNORE (sympathetic)", "ahbg", "R565", "gpu", _C.UNTIL_RESET),
    _engine(96, "ROBUST_CHANNEL_NVDEC5_ERROR", "Video decoder fault", "hbg"),
    _engine(97, "ROBUST_CHANNEL_NVDEC6_ERROR", "Video decoder fault", "hbg"),
    _engine(98, "ROBUST_CHANNEL_NVDEC7_ERROR", "Video decoder fault", "hbg"),
    _engine(99, "ROBUST_CHANNEL_NVJPG1_ERROR", "JPEG engine fault", "hbg"),
    _engine(100, "ROBUST_CHANNEL_NVJPG2_ERROR", "JPEG engine fault", "hbg"),
    _engine(101, "ROBUST_CHANNEL_NVJPG3_ERROR", "JPEG engine fault", "hbg"),
    _engine(102, "ROBUST_CHANNEL_NVJPG4_ERROR", "JPEG engine fault", "hbg"),
    _engine(103, "ROBUST_CHANNEL_NVJPG5_ERROR", "JPEG engine fault", "hbg"),
    _engine(104, "ROBUST_CHANNEL_NVJPG6_ERROR", "JPEG engine fault", "hbg"),
    _engine(105, "ROBUST_CHANNEL_NVJPG7_ERROR", "JPEG engine fault", "hbg"),
    _row(106, "SMBPBI_TEST_MESSAGE", "Out-of-band management test message",
         "IGNORE", "IGNORE", "ahbg", "", "none", _C.NONE_BY_ITSELF),
    _row(107, "SMBPBI_TEST_MESSAGE_SILENT", "Out-of-band management test message (silent)",
         "IGNORE", "IGNORE", "ahbg", "", "none", _C.NONE_BY_ITSELF),
    _row(108, "NVLINK_REMOTE_TRANSLATION_ERROR", "Remote translation error over NVLink",
         "IGNORE", "XID_137_FLOW", "ahbg", "", "none", _C.NONE_BY_ITSELF),
    _row(109, "ROBUST_CHANNEL_CTXSW_TIMEOUT_ERROR", "Context switch timed out",
         "RESET_GPU", "CONTACT_SUPPORT", "ahbg", "R570", "gpu", _C.UNTIL_RESET),
    _row(110, "SEC_FAULT_ERROR", "Security fault",
         "RESET_GPU", "INVESTIGATE_SW", "hbg", "R565", "gpu", _C.UNTIL_RESET),
    _unused(111, "BUNDLE_ERROR_EVENT"),
    _unused(112, "DISP_SUPERVISOR_ERROR"),
    _unused(113, "DP_LT_FAILURE"),
    _unused(114, "HEAD_RG_UNDERFLOW"),
    _unused(115, "CORE_CHANNEL_REGS"),
    _unused(116, "WINDOW_CHANNEL_REGS"),
    _unused(117, "CURSOR_CHANNEL_REGS"),
    _unused(118, "HEAD_REGS"),
    _row(119, "GSP_RPC_TIMEOUT", "GSP firmware did not answer a call in time",
         "RESET_GPU", "INVESTIGATE_SW", "ahbg", "", "gpu", _C.UNTIL_RESET),
    _row(120, "GSP_ERROR", "GSP firmware error",
         "RESET_GPU", "INVESTIGATE_SW", "ahbg", "R565", "gpu", _C.UNTIL_RESET),
    _row(121, "C2C_ERROR", "Corrected errors on the chip-to-chip link to Grace",
         "IGNORE", "CONTACT_SUPPORT", "g", "", "none", _C.NONE_BY_ITSELF),
    _unused(122, "SPI_PMU_RPC_READ_FAIL"),
    _unused(123, "SPI_PMU_RPC_WRITE_FAIL"),
    _unused(124, "SPI_PMU_RPC_ERASE_FAIL"),
    _unused(125, "INFOROM_FS_ERROR"),
    _engine(126, "ROBUST_CHANNEL_CE10_ERROR", "Copy engine fault", "bg"),
    _engine(127, "ROBUST_CHANNEL_CE11_ERROR", "Copy engine fault", "bg"),
    _engine(128, "ROBUST_CHANNEL_CE12_ERROR", "Copy engine fault", "bg"),
    _engine(129, "ROBUST_CHANNEL_CE13_ERROR", "Copy engine fault", "bg"),
    _engine(130, "ROBUST_CHANNEL_CE14_ERROR", "Copy engine fault", "bg"),
    _engine(131, "ROBUST_CHANNEL_CE15_ERROR", "Copy engine fault", "bg"),
    _engine(132, "ROBUST_CHANNEL_CE16_ERROR", "Copy engine fault", "bg"),
    _engine(133, "ROBUST_CHANNEL_CE17_ERROR", "Copy engine fault", "bg"),
    _engine(134, "ROBUST_CHANNEL_CE18_ERROR", "Copy engine fault", "bg"),
    _engine(135, "ROBUST_CHANNEL_CE19_ERROR", "Copy engine fault", "bg"),
    _row(136, "ALI_TRAINING_FAIL", "NVLink training failed (NVLink 4)",
         "RESET_GPU", "INVESTIGATE_LINK_SI", "h", "R565", "gpu", _C.UNTIL_RESET),
    _row(137, "NVLINK_PRIV_ERR", "Remote NVLink access was refused by the memory unit (often an application peer-access bug)",
         "IGNORE", "XID_137_FLOW", "ahbg", "", "none", _C.NONE_BY_ITSELF),
    _unused(138, "ROBUST_CHANNEL_DLA_ERROR"),
    _engine(139, "ROBUST_CHANNEL_OFA1_ERROR", "Second optical-flow engine fault", "bg"),
    _row(140, "UNRECOVERABLE_ECC_ERROR_ESCAPE", "Uncorrectable ECC error escaped normal handling",
         "RESET_GPU", "CONTACT_SUPPORT", "ahbg", "", "gpu", _C.UNTIL_RESET),
    _row(141, "ROBUST_CHANNEL_FAST_PATH_ERROR", "CUDA fast path error",
         "IGNORE", "CONTACT_SUPPORT", "hbg", "", "none", _C.NONE_BY_ITSELF),
    _row(142, "ROBUST_CHANNEL_NVENC3_ERROR", "Video encoder 3 fault",
         "CONTACT_SUPPORT", "", "g", "", "unknown", _C.SUPPORT_CASE),
    _row(143, "GPU_INIT_ERROR", "GPU initialisation failed",
         "RESET_GPU", "CONTACT_SUPPORT", "hbg", "R575", "gpu", _C.UNTIL_RESET),
    _row(144, "NVLINK_SAW_ERROR", "NVLink 5 error in the SAW unit",
         "WORKFLOW_NVLINK5_ERR", "WORKFLOW_NVLINK5_ERR", "bg", "R565", "nvlink", _C.DECODE_FIRST),
    _row(145, "NVLINK_RLW_ERROR", "NVLink 5 error in the request/response layer (RLW); often the after-effect of a peer link going down",
         "WORKFLOW_NVLINK5_ERR", "WORKFLOW_NVLINK5_ERR", "bg", "R565", "nvlink", _C.DECODE_FIRST),
    _row(146, "NVLINK_TLW_ERROR", "NVLink 5 error in the transport layer (TLW)",
         "WORKFLOW_NVLINK5_ERR", "WORKFLOW_NVLINK5_ERR", "bg", "R565", "nvlink", _C.DECODE_FIRST),
    _row(147, "NVLINK_TREX_ERROR", "NVLink 5 error in TREX",
         "WORKFLOW_NVLINK5_ERR", "WORKFLOW_NVLINK5_ERR", "bg", "R565", "nvlink", _C.DECODE_FIRST),
    _row(148, "NVLINK_NVLPW_CTRL_ERROR", "NVLink 5 error in link-wrapper control",
         "WORKFLOW_NVLINK5_ERR", "WORKFLOW_NVLINK5_ERR", "bg", "R565", "nvlink", _C.DECODE_FIRST),
    _row(149, "NVLINK_NETIR_ERROR", "NVLink 5 network interface error, including link down and bit-error-rate events",
         "WORKFLOW_NVLINK5_ERR", "WORKFLOW_NVLINK5_ERR", "bg", "R565", "nvlink", _C.DECODE_FIRST),
    _row(150, "NVLINK_MSE_ERROR", "NVLink 5 management engine (MSE) error",
         "WORKFLOW_NVLINK5_ERR", "WORKFLOW_NVLINK5_ERR", "bg", "R565", "nvlink", _C.DECODE_FIRST),
    _row(151, "ROBUST_CHANNEL_KEY_ROTATION_ERROR", "Key rotation failed (confidential computing)",
         "RESTART_VM", "CONTACT_SUPPORT", "hbg", "", "vm", _C.UNTIL_VM_RESTART),
    _row(152, "ROBUST_CHANNEL_DLA_SMMU_ERROR", "Embedded-accelerator SMMU fault (not on data-centre parts)",
         "IGNORE", "CONTACT_SUPPORT", "", "", "none", _C.NONE_BY_ITSELF),
    _row(153, "ROBUST_CHANNEL_DLA_TIMEOUT", "Embedded-accelerator timeout (not on data-centre parts)",
         "IGNORE", "CONTACT_SUPPORT", "", "", "none", _C.NONE_BY_ITSELF),
    _row(154, "GPU_RECOVERY_ACTION_CHANGED", "The recovery action the GPU asks for has changed; names the action",
         "XID_154", "informational", "ahbg", "", "meta", _C.AS_NAMED),
    _row(155, "NVLINK_SW_DEFINED_ERROR", "NVLink taken down on purpose by software or user",
         "RESET_GPU", "INVESTIGATE_SW_USER", "bg", "R565", "nvlink", _C.DECODE_FIRST),
    _row(156, "RESOURCE_RETIREMENT_EVENT", "A faulty resource was retired (reset to take effect)",
         "RESET_GPU", "IGNORE", "hbg", "R565", "gpu", _C.UNTIL_RESET),
    _row(157, "RESOURCE_RETIREMENT_FAILURE", "No spare resource left to retire a fault",
         "IGNORE", "CONTACT_SUPPORT", "hbg", "", "none", _C.NONE_BY_ITSELF),
    _row(158, "GPU_FATAL_TIMEOUT", "GPU-wide fatal timeout",
         "RESET_GPU", "CONTACT_SUPPORT", "ahbg", "from introduction", "gpu", _C.UNTIL_RESET),
    _row(159, "ROBUST_CHANNEL_CHI_NON_DATA_ERROR", "Coherent-interface non-data error (C2C-attached GPUs)",
         "CHECK_UVM", "SYMPATHETIC_REPORT_SOLO", "bg", "from introduction", "gpu", _C.UNTIL_RESET_IF_UVM),
    _row(160, "CHANNEL_RETIREMENT_EVENT", "Memory channel retired",
         "IGNORE", "INVESTIGATE_SW", "bg", "R575", "none", _C.NONE_BY_ITSELF),
    _row(161, "CHANNEL_RETIREMENT_FAILURE", "Memory channel could not be retired",
         "IGNORE", "INVESTIGATE_SW", "bg", "R575", "none", _C.NONE_BY_ITSELF),
    _row(162, "PSHC_REENGAGED", "Power-smoothing hardware is available again",
         "", "", "bg", "", "power", _C.NONE_BY_ITSELF),
    _row(163, "PSHC_DISENGAGED", "Power-smoothing hardware switched off (thermal or timeout)",
         "", "", "bg", "", "power", _C.NONE_BY_ITSELF),
    _row(164, "PSHC_LOW_LIFETIME", "Power-smoothing hardware life is low",
         "", "", "bg", "", "power", _C.NONE_BY_ITSELF),
    _row(165, "PSHC_ZERO_LIFETIME", "Power-smoothing hardware life is used up",
         "", "", "bg", "", "power", _C.NONE_BY_ITSELF),
    _row(166, "NVLINK_SECURE_CRYPTO_ERR", "Encrypted NVLink saw traffic before set-up finished (CC mode)",
         "", "", "bg", "", "unknown", _C.SUPPORT_CASE),
    _row(167, "PCIE_FATAL_TIMEOUT", "PCIe fatal timeout",
         "", "", "hbg", "", "node", _C.UNTIL_NODE_RESTART),
    _row(168, "REDUCED_GPU_MEMORY_CAPACITY", "Errors in protected memory cut usable memory (seen with ECC off)",
         "", "", "ahbg", "", "unknown", _C.SUPPORT_CASE),
    _row(169, "SEC2_HALT_ERROR", "Security microcontroller halted",
         "", "", "hbg", "", "unknown", _C.SUPPORT_CASE),
    _row(170, "NVLINK_SECURE_OTHER", "Other encrypted-NVLink interrupt (CC mode)",
         "", "", "bg", "", "unknown", _C.SUPPORT_CASE),
    _row(171, "UNCORRECTABLE_DRAM_ERROR", "Detail for Xid 48: fault was in DRAM",
         "", "", "ahbg", "", "memory", _C.AS_XID_48),
    _row(172, "UNCORRECTABLE_SRAM_ERROR", "Detail for Xid 48: fault was in SRAM",
         "", "", "ahbg", "", "memory", _C.AS_XID_48),
    _row(173, "C2C_FATAL_LINK_FAILURE", "Chip-to-chip link to the CPU failed for good",
         "", "", "?", "", "node", _C.UNTIL_NODE_RESTART),
    _row(174, "ROBUST_CHANNEL_RESETCHANNEL_KILL_PROCESS_SILENT", "Process killed quietly during a channel reset",
         "", "", "?", "", "unknown", _C.SUPPORT_CASE),
    _row(175, "MEMORY_SUBSYSTEM_ERROR", "Error in the memory subsystem",
         "", "", "?", "", "unknown", _C.SUPPORT_CASE),
    _row(176, "PCIE_CORRECTABLE_ERROR_FAULT", "Rate of corrected PCIe errors became a fault",
         "", "", "?", "", "unknown", _C.SUPPORT_CASE),
)}
"""By number."""
