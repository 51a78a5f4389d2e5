/*
 * A healthy, idle GB300 compute tray.
 *
 * Figures without another source are those of an "nvidia-smi -q -x" capture of a GB300 tray,
 * driver 580.173.02, CUDA 13.0. That capture's identifiers are scrubbed, so UUIDs, serial
 * numbers and GUIDs here are ours: the same on every run, and distinct for each node name.
 */
#include "state.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What differs between the four GPUs of the capture, in index order. */
static const struct {
    unsigned int module_id, pci_domain, temperature, memory_temperature;
    unsigned int power, power_instant, memory_power, module_power;
} CAPTURED[GPU_COUNT] = {
    {2, 0x08, 38, 38, 180360, 180290, 35700, 488290},
    {1, 0x09, 39, 38, 176260, 176260, 36590, 486300},
    {4, 0x18, 39, 39, 175920, 175910, 34950, 496850},
    {3, 0x19, 39, 39, 180050, 180050, 42200, 494320},
};

/* Temperature plus margin is 87 on all four GPUs of the capture. */
static const double MARGIN_BASE = 87.0;

/*
 * The code of the smallest bit error rate (mantissa 15, exponent 254), which stands here for
 * "no error seen". Not verified on hardware.
 */
enum { BER_NONE = 0xFFE };

static void set_identity(struct gpu *gpu, unsigned int index)
{
    strcpy(gpu->name, "NVIDIA GB300");
    strcpy(gpu->board_part_number, "900-2G548-0081-000");
    strcpy(gpu->vbios, "97.10.4A.00.1A");
    gpu->minor = index;
    gpu->module_id = CAPTURED[index].module_id;
    gpu->pci_domain = CAPTURED[index].pci_domain;
    gpu->pci_bus = 0x06;
    gpu->pci_device = 0;
    gpu->slot_number = 25;
    gpu->tray_index = 15;
    gpu->host_id = 1;
    /* "Switch Connected". The header gives no numbers; 1 is our reading. */
    gpu->peer_type = 1;
    gpu->persistence_mode = 1;
}

static void set_fabric(struct gpu *gpu)
{
    gpu->fabric_state = 3;    /* completed */
    gpu->fabric_summary = 1;  /* healthy */
    gpu->fabric_mask = 0x1AA; /* full bandwidth, no recovery, healthy routes, no misconfiguration */
    gpu->clique = 32766;
    for (unsigned int i = 0; i < LINK_COUNT; i++) {
        gpu->link[i].state = 1;
        /* 53,125 MB/s each way: NVIDIA's health validation catalogue for GB200 and GB300. */
        gpu->link[i].speed = 53125;
        for (unsigned int id = 216; id <= 222; id += 2) /* 216, 218, 220, 222 */
            gpu->link[i].counter[id - LINK_COUNTER_FIRST] = BER_NONE;
        gpu->link[i].counter[217 - LINK_COUNTER_FIRST] = BER_NONE;
        for (unsigned int id = 291; id <= 293; id++)
            gpu->link[i].counter[LINK_RAW_SLOT + id - LINK_RAW_FIRST] = BER_NONE;
    }
}

static void set_power(struct gpu *gpu, unsigned int index)
{
    gpu->temperature = CAPTURED[index].temperature;
    gpu->memory_temperature = CAPTURED[index].memory_temperature;
    gpu->margin = NAN; /* follows the temperature */
    gpu->power = gpu->idle_power = CAPTURED[index].power;
    gpu->power_instant = CAPTURED[index].power_instant;
    gpu->memory_power = CAPTURED[index].memory_power;
    gpu->idle_module_power = CAPTURED[index].module_power;
    gpu->enforced_limit = gpu->requested_limit = gpu->default_limit = gpu->max_limit = 1400000;
    gpu->min_limit = 200000;
    gpu->module_limit = gpu->module_max_limit = 2900000;
    gpu->module_min_limit = 500000;
}

static void set_clocks(struct gpu *gpu)
{
    static const unsigned int idle[4] = {120, 120, 3996, 600};
    static const unsigned int highest[4] = {2070, 2070, 3996, 1912};

    memcpy(gpu->clock, idle, sizeof idle);
    memcpy(gpu->max_clock, highest, sizeof highest);
    gpu->clock[0] = 0; /* graphics follows SM */
    gpu->clock_event_reasons = ~0ULL; /* follows utilisation */
    for (int i = 0; i < RATE_COUNT; i++)
        gpu->rate[i] = NAN; /* follows utilisation, or 0 */
}

static void set_memory(struct gpu *gpu)
{
    gpu->memory_total = 284208 * MIB;
    gpu->memory_reserved = 947 * MIB;
    gpu->bar1_total = 524288 * MIB;
    gpu->ecc_mode = gpu->ecc_pending = 1;
    gpu->remap_banks[0] = 5952;
    gpu->pcie_generation = 6;
    gpu->pcie_width = 16;
    gpu->c2c_status = 1;
}

void tray_set_defaults(struct tray *tray)
{
    memset(tray, 0, sizeof *tray);
    for (unsigned int i = 0; i < GPU_COUNT; i++) {
        set_identity(&tray->gpu[i], i);
        set_fabric(&tray->gpu[i]);
        set_power(&tray->gpu[i], i);
        set_clocks(&tray->gpu[i]);
        set_memory(&tray->gpu[i]);
    }
    tray->count = GPU_COUNT;
    strcpy(tray->driver_version, "580.173.02");
    strcpy(tray->nvml_version, "13.580.173.02");
    tray->cuda_version = 13000;
    tray->cc_ready = 1;
    tray_name_rack(tray, "standin");
    tray_name_node(tray, "standin");
}

/* FNV-1a over the name and the salt, then a mixing step so that neighbours share no digits. */
static unsigned long long digest(const char *name, unsigned int salt)
{
    unsigned long long hash = 14695981039346656037ULL ^ salt;

    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 1099511628211ULL;
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ULL;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebULL;
    return hash ^ (hash >> 31);
}

static void name_gpu(struct gpu *gpu, const char *node, unsigned int index)
{
    unsigned long long high = digest(node, 2 * index), low = digest(node, 2 * index + 1);

    snprintf(gpu->uuid, sizeof gpu->uuid, "GPU-%08x-%04x-4%03x-8%03x-%012llx", (unsigned int)(high >> 32),
             (unsigned int)(high >> 16 & 0xffff), (unsigned int)(high & 0xfff), (unsigned int)(low >> 48 & 0xfff),
             low & 0xffffffffffffULL);
    snprintf(gpu->serial, sizeof gpu->serial, "165%010llu", digest(node, 100 + superchip(index)) % 10000000000ULL);
    gpu->pdi = digest(node, 200 + index);
    /* B0:CF:0E is an NVIDIA vendor prefix; bytes above 0x7F are what trips a caller that decodes text. */
    static const unsigned char prefix[4] = {0xb0, 0xcf, 0x0e, 0x03};
    memset(gpu->ib_guid, 0, sizeof gpu->ib_guid);
    memcpy(gpu->ib_guid, prefix, sizeof prefix);
    for (int byte = 0; byte < 4; byte++)
        gpu->ib_guid[4 + byte] = (unsigned char)(gpu->pdi >> (8 * byte));
    snprintf(gpu->hostname, sizeof gpu->hostname, "%.63s", node);
}

void tray_name_node(struct tray *tray, const char *name)
{
    for (unsigned int i = 0; i < GPU_COUNT; i++)
        name_gpu(&tray->gpu[i], name, i);
}

void tray_name_rack(struct tray *tray, const char *name)
{
    unsigned long long words[2] = {digest(name, 300), digest(name, 301)};

    for (unsigned int i = 0; i < GPU_COUNT; i++) {
        memcpy(tray->gpu[i].cluster_uuid, words, sizeof words);
        snprintf(tray->gpu[i].chassis_serial, sizeof tray->gpu[i].chassis_serial, "182%010llu",
                 digest(name, 302) % 10000000000ULL);
    }
}

static void derive_activity(struct gpu *gpu)
{
    if (gpu->clock_event_reasons == ~0ULL)
        gpu->clock_event_reasons = gpu->utilization == 0 ? 1 : 0; /* idle, or nothing */
    if (gpu->clock[0] == 0)
        gpu->clock[0] = gpu->clock[1];
    if (isnan(gpu->margin))
        gpu->margin = MARGIN_BASE - floor(gpu->temperature + 0.5);
    for (int i = 0; i < RATE_COUNT; i++)
        if (isnan(gpu->rate[i]))
            gpu->rate[i] = i == RATE_GRAPHICS || i == RATE_SM ? gpu->utilization : 0.0;
}

/* The module reading rises with both of its GPUs, and each of the two reports the whole of it. */
static void derive_module_power(struct tray *tray, unsigned int index)
{
    struct gpu *gpu = &tray->gpu[index];
    long long draw = gpu->idle_module_power;

    if (gpu->module_power != 0)
        return;
    for (unsigned int i = 0; i < GPU_COUNT; i++)
        if (superchip(i) == superchip(index))
            draw += (long long)tray->gpu[i].power - (long long)tray->gpu[i].idle_power;
    gpu->module_power = draw > 0 ? (unsigned int)draw : 0;
}

void tray_derive(struct tray *tray)
{
    for (unsigned int i = 0; i < GPU_COUNT; i++) {
        derive_activity(&tray->gpu[i]);
        derive_module_power(tray, i);
    }
}
