/*
 * The fields that a GB300 answers, by id. What is not listed answers "not supported".
 *
 * Ids and meanings: nvml.h of CUDA 13.5. field_is_of leaves out what an H100 lacks. Which of them a Blackwell GPU supports: that header
 * where it says so (161 to 163 are gone, 201 to 222 are new), else the capture that profile.c
 * names (retired pages and target temperature read "N/A"), else left unsupported.
 */
#include "ecc.h"
#include "fields.h"
#include "links.h"
#include "meters.h"
#include "model.h"

#include <limits.h>

enum scope { SCOPE_GPU = 0, SCOPE_MODULE = 1, SCOPE_MEMORY = 2 };

static nvmlReturn_t give(nvmlValue_t *out, unsigned long long value)
{
    out->ullVal = value;
    return NVML_SUCCESS;
}

static nvmlReturn_t give_uint(nvmlValue_t *out, unsigned int value)
{
    out->uiVal = value;
    return NVML_SUCCESS;
}

/* 3 to 6: corrected and uncorrected in turn, volatile first. */
static nvmlReturn_t read_ecc_total(const struct question *q, nvmlValue_t *out)
{
    return give(out, ecc_total(&q->gpu->ecc, (q->id - 3) % 2 == 1, (q->id - 3) / 2));
}

static nvmlReturn_t read_throttle(const struct question *q, nvmlValue_t *out)
{
    enum throttle throttle = q->id == 74                    ? THROTTLE_SW_POWER
                             : q->id == 76                  ? THROTTLE_SYNC_BOOST
                             : q->id == 75 || q->id == 269 ? THROTTLE_SW_THERMAL
                             : q->id == 270                 ? THROTTLE_HW_THERMAL
                                                            : THROTTLE_HW_POWER_BRAKE;

    return give(out, q->gpu->throttle_ns[throttle] +
                         (unsigned long long)meters_read(q->gpu, q->now_ns)->throttle_ns[throttle]);
}

static nvmlReturn_t read_memory_temperature(const struct question *q, nvmlValue_t *out)
{
    return give_uint(out, (unsigned int)(q->gpu->memory_temperature + 0.5));
}

static nvmlReturn_t read_energy(const struct question *q, nvmlValue_t *out)
{
    if (q->id == 191 && q->scope != SCOPE_GPU)
        return NVML_ERROR_NOT_SUPPORTED; /* no capture shows a module energy */
    return give(out, q->gpu->energy_millijoules +
                         (unsigned long long)meters_read(q->gpu, q->now_ns)->energy_millijoules);
}

static nvmlReturn_t read_module_power(const struct question *q, nvmlValue_t *out)
{
    switch (q->id) {
    case 185:
    case 186:
        return give_uint(out, q->gpu->module_power);
    case 187:
        return give_uint(out, q->gpu->module_min_limit);
    case 188:
        return give_uint(out, q->gpu->module_max_limit);
    default: /* default, current and requested limit are one in the capture */
        return give_uint(out, q->gpu->module_limit);
    }
}

/* 185 to 192 by scope; the memory's average draw is all that the capture shows of the memory scope. */
static nvmlReturn_t read_power(const struct question *q, nvmlValue_t *out)
{
    const struct gpu *gpu = q->gpu;
    const unsigned int values[] = {gpu->power,         gpu->power_instant,  gpu->min_limit, gpu->max_limit,
                                   gpu->default_limit, gpu->enforced_limit, 0,              gpu->requested_limit};

    if (q->scope == SCOPE_MODULE)
        return gpu->model->has_superchips ? read_module_power(q, out) : NVML_ERROR_NOT_SUPPORTED;
    if (q->scope == SCOPE_MEMORY && q->id == 185)
        return give_uint(out, gpu->memory_power);
    return q->scope == SCOPE_GPU ? give_uint(out, values[q->id - 185]) : NVML_ERROR_NOT_SUPPORTED;
}

/* 193 to 196, in degrees of margin: shutdown, slowdown, memory maximum, GPU maximum. */
static nvmlReturn_t read_limit_offset(const struct question *q, nvmlValue_t *out)
{
    out->siVal = q->gpu->model->limit_offset[q->id - 193];
    return NVML_SUCCESS;
}

static nvmlReturn_t read_constant(const struct question *q, nvmlValue_t *out)
{
    switch (q->id) {
    case 91:
        return give_uint(out, LINK_COUNT);
    case 170:
        /*
         * C2C links of one GPU. Five of 44,712 MB/s make half of the 900 GB/s (both ways) that
         * NVIDIA gives for a superchip's NVLink-C2C. Not verified on hardware.
         */
        return give_uint(out, 5);
    case 172:
        return give_uint(out, 44712);
    default:
        return give_uint(out, 0x3f); /* 229: fetch-add, swap and compare-and-swap, 32 and 64 bits */
    }
}

/* 197 and 198: they may wrap on hardware; here 64 bits last. */
static nvmlReturn_t read_pcie_bytes(const struct question *q, nvmlValue_t *out)
{
    enum rate rate = q->id == 197 ? RATE_PCIE_TX : RATE_PCIE_RX;

    return give(out, (unsigned long long)(meters_read(q->gpu, q->now_ns)->integral[rate] * (double)MIB));
}

static const struct link *link_of(const struct question *q)
{
    return q->scope < LINK_COUNT ? &q->gpu->link[q->scope] : NULL;
}

static nvmlReturn_t read_link_state(const struct question *q, nvmlValue_t *out)
{
    const struct link *link = link_of(q);

    if (link == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (q->id == 164)
        return give_uint(out, link->state == 0 ? 0 : link->speed);
    if (q->id == 165)
        return give_uint(out, link->state);
    return give_uint(out, q->id == 166 ? q->gpu->model->link_version : 0); /* 167: full power */
}

/* 90: the speed that all active links share. */
static nvmlReturn_t read_common_speed(const struct question *q, nvmlValue_t *out)
{
    for (int i = 0; i < LINK_COUNT; i++)
        if (q->gpu->link[i].state != 0)
            return give_uint(out, q->gpu->link[i].speed);
    return give_uint(out, 0);
}

/* Bytes of one link, transmitted or received. */
static unsigned long long link_bytes(const struct question *q, unsigned int link, bool is_transmit)
{
    const struct meters *meters = meters_read(q->gpu, q->now_ns);
    double moved = is_transmit ? meters->link_tx_bytes[link] : meters->link_rx_bytes[link];

    return link_counter(&q->gpu->link[link], is_transmit ? 202 : 204) + (unsigned long long)moved;
}

/* 201 to 204; a packet is taken to carry 256 bytes, which no source confirms. */
static nvmlReturn_t read_link_traffic(const struct question *q, nvmlValue_t *out)
{
    bool is_transmit = q->id <= 202;
    unsigned long long bytes;

    if (link_of(q) == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    bytes = link_bytes(q, q->scope, is_transmit);
    if (q->id == 202 || q->id == 204)
        return give(out, bytes);
    return give(out, link_counter(link_of(q), q->id) + bytes / 256);
}

static nvmlReturn_t read_link_counter(const struct question *q, nvmlValue_t *out)
{
    const struct link *link = link_of(q);

    return link == NULL ? NVML_ERROR_INVALID_ARGUMENT : give(out, link_counter(link, q->id));
}

/* 138 to 141, in KiB: one link, or all of them. Raw traffic is given without overhead. */
static nvmlReturn_t read_throughput(const struct question *q, nvmlValue_t *out)
{
    bool is_transmit = q->id == 138 || q->id == 140;
    unsigned long long bytes = 0;

    if (q->scope != UINT_MAX && link_of(q) == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    for (unsigned int i = 0; i < LINK_COUNT; i++)
        if (q->scope == UINT_MAX || q->scope == i)
            bytes += link_bytes(q, i, is_transmit);
    return give(out, bytes / 1024);
}

/* 161 to 163: replays, recoveries and CRC errors of old links, of which there were none. */
static nvmlReturn_t read_old_link_errors(const struct question *q, nvmlValue_t *out)
{
    return link_of(q) == NULL ? NVML_ERROR_INVALID_ARGUMENT : give(out, 0);
}

/* Which fields came or went with Blackwell, and which need a Grace CPU: nvml.h, and the captures. */
bool field_is_of(const struct model *model, unsigned int id)
{
    bool is_c2c = (id >= 170 && id <= 172) || (id >= 231 && id <= 234);
    bool is_new = (id >= 201 && id <= 222) || (id >= 235 && id <= 268) || (id >= 275 && id <= 295) ||
                  (id >= 303 && id <= 307) || id == 309;
    bool is_old = id >= 161 && id <= 163;

    if (is_c2c)
        return model->has_superchips;
    return model->architecture == BLACKWELL ? !is_old : !is_new;
}

#define MEMBER_UINT(member) {FIELD_MEMBER, VALUE_UINT, offsetof(struct gpu, member), NULL}
#define MEMBER_ULL(member) {FIELD_MEMBER, VALUE_ULONGLONG, offsetof(struct gpu, member), NULL}
#define MEMBER_DOUBLE(member) {FIELD_MEMBER, VALUE_DOUBLE, offsetof(struct gpu, member), NULL}
#define UINT(read) {FIELD_READ, VALUE_UINT, 0, read}
#define INT(read) {FIELD_READ, VALUE_INT, 0, read}
#define ULL(read) {FIELD_READ, VALUE_ULONGLONG, 0, read}
#define ROOT_ONLY {FIELD_ROOT, VALUE_UINT, 0, NULL}

const struct field FIELDS[FIELD_MAX] = {
    [1] = MEMBER_UINT(ecc_mode),
    [2] = MEMBER_UINT(ecc_pending),
    [3 ... 6] = ULL(read_ecc_total),
    [11] = MEMBER_ULL(ecc.dram_corrected[0]),
    [12] = MEMBER_ULL(ecc.dram_uncorrected[0]),
    [22] = MEMBER_ULL(ecc.dram_corrected[1]),
    [23] = MEMBER_ULL(ecc.dram_uncorrected[1]),

    [74 ... 76] = ULL(read_throttle),
    [82] = UINT(read_memory_temperature),
    [83] = ULL(read_energy),
    [90] = UINT(read_common_speed),
    [91] = UINT(read_constant),
    [94] = MEMBER_UINT(pcie_replays),
    [95] = MEMBER_UINT(pcie_rollovers),
    [138 ... 141] = ULL(read_throughput),
    [142] = MEMBER_UINT(remapped_corrected),
    [143] = MEMBER_UINT(remapped_uncorrected),
    [144] = MEMBER_UINT(remap_pending),
    [145] = MEMBER_UINT(remap_failed),
    [161 ... 163] = ULL(read_old_link_errors),
    [164 ... 167] = UINT(read_link_state),
    [170] = UINT(read_constant),
    [171] = MEMBER_UINT(c2c_status),
    [172] = UINT(read_constant),
    [173] = MEMBER_UINT(pcie_errors[0]),
    [174] = MEMBER_UINT(pcie_errors[1]),
    [175] = MEMBER_UINT(pcie_errors[2]),
    [176] = MEMBER_UINT(pcie_errors[3]),
    [177] = MEMBER_UINT(pcie_errors[4]),
    [178] = MEMBER_UINT(pcie_errors[5]),
    [179] = MEMBER_UINT(pcie_errors[6]),
    [180] = MEMBER_UINT(pcie_errors[7]),
    [181] = MEMBER_UINT(pcie_errors[8]),
    [182] = MEMBER_UINT(pcie_errors[9]),
    [183] = MEMBER_UINT(pcie_errors[10]),

    [185 ... 190] = UINT(read_power),
    [191] = ULL(read_energy),
    [192] = UINT(read_power),
    [193 ... 196] = INT(read_limit_offset),
    [197 ... 198] = ULL(read_pcie_bytes),
    [201 ... 204] = ULL(read_link_traffic),
    [206 ... 215] = ULL(read_link_counter),
    [219 ... 222] = ULL(read_link_counter),
    [229] = UINT(read_constant),
    [230] = MEMBER_UINT(recovery_action),
    [231] = MEMBER_UINT(c2c_errors[0]),
    [232] = MEMBER_UINT(c2c_errors[1]),
    [233] = MEMBER_UINT(c2c_errors[2]),
    [234] = MEMBER_UINT(c2c_power_state),
    [235 ... 250] = ULL(read_link_counter),
    [251 ... 268] = ROOT_ONLY, /* power smoothing: "Insufficient Permissions" in the capture */
    [269 ... 271] = ULL(read_throttle),
    [275 ... 288] = ROOT_ONLY,
    [289 ... 295] = ULL(read_link_counter),
    [300] = ROOT_ONLY,
    [301] = MEMBER_UINT(remapped_corrected_inactive),
    [302] = MEMBER_UINT(remapped_uncorrected_inactive),
    [303] = MEMBER_UINT(bank_remaps_active),
    [304] = MEMBER_UINT(bank_remaps_inactive),
    [305] = MEMBER_UINT(bank_groups_max),
    [306] = MEMBER_UINT(bank_groups_none),
    [307] = MEMBER_UINT(bank_remap_pending),
    [308] = MEMBER_DOUBLE(temperature),
    [309] = MEMBER_ULL(power_smoothing_limited_ns),
};
