/*
 * The settings of a GPU and of a link: their names, where they go, and what they may be.
 *
 * The table is the only list of names; README.md describes each, and a test compares the two.
 */
#include "control.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { COUNT, WIDE, PERCENT, REAL, WATTS, MEBIBYTES, TEXT, GUID, UUID };

struct key {
    const char *name;
    enum kind kind;
    size_t offset;
    unsigned int size; /* of a text */
    size_t twin;       /* a second place for the same value, or NO_TWIN */
};

#define NO_TWIN ((size_t)-1)
#define KEY(name, kind, member) {name, kind, offsetof(struct gpu, member), 0, NO_TWIN}
#define KEY_TEXT(name, member) {name, TEXT, offsetof(struct gpu, member), sizeof((struct gpu *)0)->member, NO_TWIN}

static const struct key GPU_KEYS[] = {
    KEY_TEXT("name", name),
    KEY_TEXT("uuid", uuid),
    KEY_TEXT("serial", serial),
    KEY_TEXT("board_part_number", board_part_number),
    KEY_TEXT("vbios", vbios),
    KEY_TEXT("chassis_serial", chassis_serial),
    KEY_TEXT("hostname", hostname),
    KEY("ib_guid", GUID, ib_guid),
    KEY("cluster_uuid", UUID, cluster_uuid),
    KEY("pdi", WIDE, pdi),
    KEY("minor", COUNT, minor),
    KEY("module_id", COUNT, module_id),
    KEY("slot_number", COUNT, slot_number),
    KEY("tray_index", COUNT, tray_index),
    KEY("host_id", COUNT, host_id),
    KEY("peer_type", COUNT, peer_type),
    KEY("pci_domain", COUNT, pci_domain),
    KEY("pci_bus", COUNT, pci_bus),
    KEY("pci_device", COUNT, pci_device),

    KEY("fabric_state", COUNT, fabric_state),
    KEY("fabric_status", COUNT, fabric_status),
    KEY("fabric_mask", COUNT, fabric_mask),
    KEY("fabric_summary", COUNT, fabric_summary),
    KEY("clique", COUNT, clique),
    KEY("recovery_action", COUNT, recovery_action),

    KEY("temperature", REAL, temperature),
    KEY("memory_temperature", REAL, memory_temperature),
    KEY("margin", REAL, margin),
    {"power_watts", WATTS, offsetof(struct gpu, power), 0, offsetof(struct gpu, power_instant)},
    KEY("power_instant_watts", WATTS, power_instant),
    KEY("memory_power_watts", WATTS, memory_power),
    KEY("module_power_watts", WATTS, module_power),
    KEY("enforced_limit", WATTS, enforced_limit),
    KEY("requested_limit", WATTS, requested_limit),
    KEY("default_limit", WATTS, default_limit),
    KEY("min_limit", WATTS, min_limit),
    KEY("max_limit", WATTS, max_limit),
    KEY("module_limit", WATTS, module_limit),
    KEY("energy_millijoules", WIDE, energy_millijoules),

    KEY("graphics_clock", COUNT, clock[0]),
    KEY("sm_clock", COUNT, clock[1]),
    KEY("memory_clock", COUNT, clock[2]),
    KEY("video_clock", COUNT, clock[3]),
    {"max_sm_clock", COUNT, offsetof(struct gpu, max_clock[1]), 0, offsetof(struct gpu, max_clock[0])},
    KEY("max_memory_clock", COUNT, max_clock[2]),
    KEY("max_video_clock", COUNT, max_clock[3]),
    KEY("performance_state", COUNT, performance_state),
    KEY("clock_event_reasons", WIDE, clock_event_reasons),
    KEY("sw_power_cap_ns", WIDE, throttle_ns[THROTTLE_SW_POWER]),
    KEY("sync_boost_ns", WIDE, throttle_ns[THROTTLE_SYNC_BOOST]),
    KEY("sw_thermal_ns", WIDE, throttle_ns[THROTTLE_SW_THERMAL]),
    KEY("hw_thermal_ns", WIDE, throttle_ns[THROTTLE_HW_THERMAL]),
    KEY("hw_power_brake_ns", WIDE, throttle_ns[THROTTLE_HW_POWER_BRAKE]),
    KEY("power_smoothing_limited_ns", WIDE, power_smoothing_limited_ns),

    KEY("utilization", PERCENT, utilization),
    KEY("memory_utilization", PERCENT, memory_utilization),
    KEY("encoder_utilization", PERCENT, encoder),
    KEY("decoder_utilization", PERCENT, decoder),
    KEY("jpeg_utilization", PERCENT, jpeg),
    KEY("ofa_utilization", PERCENT, ofa),
    KEY("graphics_active", REAL, rate[RATE_GRAPHICS]),
    KEY("sm_active", REAL, rate[RATE_SM]),
    KEY("sm_occupancy", REAL, rate[RATE_OCCUPANCY]),
    KEY("integer_active", REAL, rate[RATE_INTEGER]),
    KEY("tensor_active", REAL, rate[RATE_TENSOR]),
    KEY("dfma_active", REAL, rate[RATE_DFMA]),
    KEY("hmma_active", REAL, rate[RATE_HMMA]),
    KEY("dmma_active", REAL, rate[RATE_DMMA]),
    KEY("imma_active", REAL, rate[RATE_IMMA]),
    KEY("dram_active", REAL, rate[RATE_DRAM]),
    KEY("fp64_active", REAL, rate[RATE_FP64]),
    KEY("fp32_active", REAL, rate[RATE_FP32]),
    KEY("fp16_active", REAL, rate[RATE_FP16]),
    KEY("pcie_tx_rate", REAL, rate[RATE_PCIE_TX]),
    KEY("pcie_rx_rate", REAL, rate[RATE_PCIE_RX]),
    KEY("nvlink_tx_rate", REAL, rate[RATE_NVLINK_TX]),
    KEY("nvlink_rx_rate", REAL, rate[RATE_NVLINK_RX]),
    KEY("c2c_tx_rate", REAL, rate[RATE_C2C_TX]),
    KEY("c2c_rx_rate", REAL, rate[RATE_C2C_RX]),

    KEY("memory_total", MEBIBYTES, memory_total),
    KEY("memory_reserved", MEBIBYTES, memory_reserved),
    KEY("memory_used", MEBIBYTES, memory_used),
    KEY("bar1_total", MEBIBYTES, bar1_total),
    KEY("bar1_used", MEBIBYTES, bar1_used),

    KEY("ecc_mode", COUNT, ecc_mode),
    KEY("ecc_mode_pending", COUNT, ecc_pending),
    KEY("ecc_sram_corrected_volatile", WIDE, ecc.sram_corrected[0]),
    KEY("ecc_sram_corrected_aggregate", WIDE, ecc.sram_corrected[1]),
    KEY("ecc_sram_parity_volatile", WIDE, ecc.sram_parity[0]),
    KEY("ecc_sram_parity_aggregate", WIDE, ecc.sram_parity[1]),
    KEY("ecc_sram_secded_volatile", WIDE, ecc.sram_secded[0]),
    KEY("ecc_sram_secded_aggregate", WIDE, ecc.sram_secded[1]),
    KEY("ecc_dram_corrected_volatile", WIDE, ecc.dram_corrected[0]),
    KEY("ecc_dram_corrected_aggregate", WIDE, ecc.dram_corrected[1]),
    KEY("ecc_dram_uncorrected_volatile", WIDE, ecc.dram_uncorrected[0]),
    KEY("ecc_dram_uncorrected_aggregate", WIDE, ecc.dram_uncorrected[1]),
    KEY("sram_threshold_exceeded", COUNT, sram_threshold_exceeded),
    KEY("channel_repair_pending", COUNT, channel_repair_pending),
    KEY("tpc_repair_pending", COUNT, tpc_repair_pending),
    KEY("unrepairable_memory", COUNT, unrepairable_memory),
    KEY("remapped_rows_corrected", COUNT, remapped_corrected),
    KEY("remapped_rows_uncorrected", COUNT, remapped_uncorrected),
    KEY("remapped_rows_corrected_inactive", COUNT, remapped_corrected_inactive),
    KEY("remapped_rows_uncorrected_inactive", COUNT, remapped_uncorrected_inactive),
    KEY("remap_pending", COUNT, remap_pending),
    KEY("remap_failed", COUNT, remap_failed),
    KEY("remap_banks_max", COUNT, remap_banks[0]),
    KEY("remap_banks_high", COUNT, remap_banks[1]),
    KEY("remap_banks_partial", COUNT, remap_banks[2]),
    KEY("remap_banks_low", COUNT, remap_banks[3]),
    KEY("remap_banks_none", COUNT, remap_banks[4]),
    KEY("bank_remaps_active", COUNT, bank_remaps_active),
    KEY("bank_remaps_inactive", COUNT, bank_remaps_inactive),
    KEY("bank_remap_pending", COUNT, bank_remap_pending),
    KEY("bank_groups_max", COUNT, bank_groups_max),
    KEY("bank_groups_none", COUNT, bank_groups_none),

    KEY("pcie_generation", COUNT, pcie_generation),
    KEY("pcie_generation_max", COUNT, pcie_generation_max),
    KEY("pcie_width", COUNT, pcie_width),
    KEY("pcie_width_max", COUNT, pcie_width_max),
    KEY("pcie_replays", COUNT, pcie_replays),
    KEY("pcie_replay_rollovers", COUNT, pcie_rollovers),
    KEY("pcie_correctable_errors", COUNT, pcie_errors[0]),
    KEY("pcie_naks_received", COUNT, pcie_errors[1]),
    KEY("pcie_receiver_errors", COUNT, pcie_errors[2]),
    KEY("pcie_bad_tlps", COUNT, pcie_errors[3]),
    KEY("pcie_naks_sent", COUNT, pcie_errors[4]),
    KEY("pcie_bad_dllps", COUNT, pcie_errors[5]),
    KEY("pcie_nonfatal_errors", COUNT, pcie_errors[6]),
    KEY("pcie_fatal_errors", COUNT, pcie_errors[7]),
    KEY("pcie_unsupported_requests", COUNT, pcie_errors[8]),
    KEY("pcie_lcrc_errors", COUNT, pcie_errors[9]),
    KEY("pcie_lane_errors", COUNT, pcie_errors[10]),
    KEY("c2c_status", COUNT, c2c_status),
    KEY("c2c_interrupts", COUNT, c2c_errors[0]),
    KEY("c2c_replays", COUNT, c2c_errors[1]),
    KEY("c2c_replays_back_to_back", COUNT, c2c_errors[2]),
    KEY("c2c_power_state", COUNT, c2c_power_state),

    KEY("persistence_mode", COUNT, persistence_mode),
    KEY("compute_mode", COUNT, compute_mode),
    KEY("mig_mode", COUNT, mig_mode),
    KEY("accounting_mode", COUNT, accounting_mode),
};

#define LINK_COUNTER(id) offsetof(struct link, counter[(id) - LINK_COUNTER_FIRST])
#define LINK_RAW(id) offsetof(struct link, counter[LINK_RAW_SLOT + (id) - LINK_RAW_FIRST])
#define LINK_KEY(name, kind, offset) {name, kind, offset, 0, NO_TWIN}

/* The numbers are those of the fields that read the value. */
static const struct key LINK_KEYS[] = {
    LINK_KEY("state", COUNT, offsetof(struct link, state)),
    LINK_KEY("speed", COUNT, offsetof(struct link, speed)),
    LINK_KEY("tx_packets", WIDE, LINK_COUNTER(201)),
    LINK_KEY("tx_bytes", WIDE, LINK_COUNTER(202)),
    LINK_KEY("rx_packets", WIDE, LINK_COUNTER(203)),
    LINK_KEY("rx_bytes", WIDE, LINK_COUNTER(204)),
    LINK_KEY("malformed_packets", WIDE, LINK_COUNTER(206)),
    LINK_KEY("buffer_overruns", WIDE, LINK_COUNTER(207)),
    LINK_KEY("rx_errors", WIDE, LINK_COUNTER(208)),
    LINK_KEY("rx_remote_errors", WIDE, LINK_COUNTER(209)),
    LINK_KEY("rx_general_errors", WIDE, LINK_COUNTER(210)),
    LINK_KEY("integrity_errors", WIDE, LINK_COUNTER(211)),
    LINK_KEY("tx_discards", WIDE, LINK_COUNTER(212)),
    LINK_KEY("recoveries_successful", WIDE, LINK_COUNTER(213)),
    LINK_KEY("recoveries_failed", WIDE, LINK_COUNTER(214)),
    LINK_KEY("recoveries", WIDE, LINK_COUNTER(215)),
    LINK_KEY("effective_errors", WIDE, LINK_COUNTER(219)),
    LINK_KEY("effective_ber", WIDE, LINK_COUNTER(220)),
    LINK_KEY("symbol_errors", WIDE, LINK_COUNTER(221)),
    LINK_KEY("symbol_ber", WIDE, LINK_COUNTER(222)),
    LINK_KEY("raw_errors_lane0", WIDE, LINK_RAW(289)),
    LINK_KEY("raw_errors_lane1", WIDE, LINK_RAW(290)),
    LINK_KEY("plr_tx_blocks", WIDE, LINK_RAW(294)),
    LINK_KEY("plr_tx_retry_blocks", WIDE, LINK_RAW(295)),
};

bool control_read_unsigned(const char *text, unsigned long long highest, unsigned long long *out)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false; /* strtoull would take "-1" and make it huge */
    errno = 0;
    *out = strtoull(text, &end, 0);
    return errno == 0 && *end == '\0' && *out <= highest;
}

static bool read_real(const char *text, double *out)
{
    char *end;

    *out = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*out);
}

/* Hexadecimal digits into bytes, dashes left out. */
static bool read_bytes(const char *text, unsigned char *out, unsigned int count)
{
    unsigned int value, taken = 0;

    for (; *text != '\0'; text += *text == '-' ? 1 : 2) {
        if (*text == '-')
            continue;
        if (taken == count || text[1] == '\0' || sscanf(text, "%2x", &value) != 1)
            return false;
        out[taken++] = (unsigned char)value;
    }
    return taken == count;
}

/* An InfiniBand GUID: 16 digits, of which NVML shows 8 bytes and pads the rest. */
static bool read_guid(const char *text, unsigned char *out)
{
    memset(out, 0, 16);
    return read_bytes(text[0] == '0' && text[1] == 'x' ? text + 2 : text, out, 8);
}

static bool read_count(const char *text, unsigned long long highest, void *out)
{
    unsigned long long value;

    if (!control_read_unsigned(text, highest, &value))
        return false;
    *(unsigned int *)out = (unsigned int)value;
    return true;
}

static bool read_scaled(const char *text, double scale, double highest, double *out)
{
    if (!read_real(text, out) || *out < 0)
        return false;
    *out = floor(*out * scale + 0.5);
    return *out <= highest;
}

static bool read_text(const char *text, char *out, unsigned int size)
{
    if (strlen(text) >= size)
        return false;
    strcpy(out, text);
    return true;
}

static bool store(const struct key *key, char *place, const char *text)
{
    double value;

    switch (key->kind) {
    case COUNT:
        return read_count(text, 0xffffffffULL, place);
    case PERCENT:
        return read_count(text, 100, place);
    case WIDE:
        return control_read_unsigned(text, ~0ULL, (unsigned long long *)(void *)place);
    case REAL:
        return read_real(text, (double *)(void *)place);
    case WATTS:
        if (!read_scaled(text, 1000, 4e9, &value))
            return false;
        *(unsigned int *)(void *)place = (unsigned int)value;
        return true;
    case MEBIBYTES:
        if (!read_scaled(text, (double)MIB, 1e18, &value))
            return false;
        *(unsigned long long *)(void *)place = (unsigned long long)value;
        return true;
    case TEXT:
        return read_text(text, place, key->size);
    case GUID:
        return read_guid(text, (unsigned char *)place);
    case UUID:
        return read_bytes(text, (unsigned char *)place, 16);
    }
    return false;
}

static bool set(const struct key *keys, size_t count, void *base, const char *name, const char *text)
{
    for (const struct key *key = keys; key < keys + count; key++) {
        if (strcmp(key->name, name) != 0)
            continue;
        if (key->twin != NO_TWIN && !store(key, (char *)base + key->twin, text))
            return false;
        return store(key, (char *)base + key->offset, text);
    }
    return false;
}

bool control_set_gpu(struct gpu *gpu, const char *key, const char *value)
{
    return set(GPU_KEYS, sizeof GPU_KEYS / sizeof *GPU_KEYS, gpu, key, value);
}

bool control_set_link(struct link *link, const char *key, const char *value)
{
    unsigned int bin;
    int end = 0;

    /* fec0 to fec15 */
    if (sscanf(key, "fec%u%n", &bin, &end) == 1 && key[end] == '\0' && bin <= LINK_FEC_LAST - LINK_FEC_FIRST)
        return control_read_unsigned(value, ~0ULL, &link->counter[LINK_FEC_SLOT + bin]);
    return set(LINK_KEYS, sizeof LINK_KEYS / sizeof *LINK_KEYS, link, key, value);
}
