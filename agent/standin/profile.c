/*
 * A healthy, idle tray of some kind.
 *
 * The figures are those of the kind (model_*.c). The captures' identifiers are scrubbed, so UUIDs,
 * serial numbers and GUIDs here are ours: the same on every run, and distinct for each node name.
 */
#include "model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    const struct model *model;
    unsigned int gpu_count;
} PROFILES[] = {
    {"gb300x4", &GB300, 4}, /* the default */
    {"gb300x8", &GB300, 8},
    {"h100x8", &H100, 8},
};

/* Temperature plus margin is 87 on all GPUs of both captures. */
static const double MARGIN_BASE = 87.0;

/*
 * The code of the smallest bit error rate (mantissa 15, exponent 254), which stands here for
 * "no error seen". Not verified on hardware.
 */
enum { BER_NONE = 0xFFE };

static void set_identity(struct gpu *gpu, unsigned int index)
{
    const struct captured *captured = &gpu->model->captured[index];

    strcpy(gpu->name, gpu->model->name);
    strcpy(gpu->board_part_number, gpu->model->board_part_number);
    strcpy(gpu->vbios, gpu->model->vbios);
    gpu->minor = index;
    gpu->module_id = captured->module_id;
    gpu->pci_domain = captured->pci_domain;
    gpu->pci_bus = captured->pci_bus;
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
    gpu->fabric_state = 3; /* completed */
    gpu->fabric_summary = gpu->model->fabric_summary;
    gpu->fabric_mask = gpu->model->fabric_mask;
    gpu->clique = gpu->model->clique;
    for (unsigned int i = 0; i < LINK_COUNT; i++) {
        gpu->link[i].state = 1;
        gpu->link[i].speed = gpu->model->link_speed;
        for (unsigned int id = 216; id <= 222; id += 2) /* 216, 218, 220, 222 */
            gpu->link[i].counter[id - LINK_COUNTER_FIRST] = BER_NONE;
        gpu->link[i].counter[217 - LINK_COUNTER_FIRST] = BER_NONE;
        for (unsigned int id = 291; id <= 293; id++)
            gpu->link[i].counter[LINK_RAW_SLOT + id - LINK_RAW_FIRST] = BER_NONE;
    }
}

static void set_power(struct gpu *gpu, unsigned int index)
{
    const struct captured *captured = &gpu->model->captured[index];

    gpu->temperature = captured->temperature;
    gpu->memory_temperature = captured->memory_temperature;
    gpu->margin = NAN; /* follows the temperature */
    gpu->power = gpu->idle_power = captured->power;
    gpu->power_instant = captured->power_instant;
    gpu->memory_power = captured->memory_power;
    gpu->idle_module_power = captured->module_power;
    gpu->enforced_limit = gpu->requested_limit = gpu->default_limit = gpu->max_limit = gpu->model->max_limit;
    gpu->min_limit = gpu->model->min_limit;
    gpu->module_limit = gpu->module_max_limit = gpu->model->module_max_limit;
    gpu->module_min_limit = gpu->model->module_min_limit;
}

static void set_clocks(struct gpu *gpu)
{
    memcpy(gpu->clock, gpu->model->idle_clock, sizeof gpu->clock);
    memcpy(gpu->max_clock, gpu->model->max_clock, sizeof gpu->max_clock);
    gpu->clock_event_reasons = ~0ULL; /* follows utilisation */
    for (int i = 0; i < RATE_COUNT; i++)
        gpu->rate[i] = NAN; /* follows utilisation, or 0 */
}

static void set_memory(struct gpu *gpu)
{
    gpu->memory_total = gpu->model->memory_total * MIB;
    gpu->memory_reserved = gpu->model->memory_reserved * MIB;
    gpu->bar1_total = gpu->model->bar1_total * MIB;
    gpu->ecc_mode = gpu->ecc_pending = 1;
    gpu->remap_banks[0] = gpu->model->remap_banks;
    gpu->pcie_generation = gpu->pcie_generation_max = gpu->model->pcie_generation;
    gpu->pcie_width = gpu->pcie_width_max = 16;
    gpu->c2c_status = 1;
}

static void set_profile(struct tray *tray, const struct model *model, unsigned int gpu_count)
{
    memset(tray->gpu, 0, sizeof tray->gpu);
    for (unsigned int i = 0; i < GPU_MAX; i++) {
        tray->gpu[i].model = model;
        set_identity(&tray->gpu[i], i);
        set_fabric(&tray->gpu[i]);
        set_power(&tray->gpu[i], i);
        set_clocks(&tray->gpu[i]);
        set_memory(&tray->gpu[i]);
    }
    tray->gpu_count = tray->count = gpu_count;
    snprintf(tray->driver_version, sizeof tray->driver_version, "%s", model->driver_version);
    snprintf(tray->nvml_version, sizeof tray->nvml_version, "13.%s", model->driver_version);
    tray_name_rack(tray, "standin");
    tray_name_node(tray, "standin");
}

bool tray_set_profile(struct tray *tray, const char *name)
{
    for (size_t i = 0; i < sizeof PROFILES / sizeof *PROFILES; i++)
        if (strcmp(PROFILES[i].name, name) == 0) {
            set_profile(tray, PROFILES[i].model, PROFILES[i].gpu_count);
            return true;
        }
    return false;
}

void tray_set_defaults(struct tray *tray)
{
    memset(tray, 0, sizeof *tray);
    tray->cuda_version = 13000;
    tray->cc_ready = 1;
    set_profile(tray, PROFILES[0].model, PROFILES[0].gpu_count);
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

static void write_uuid(char *out, size_t size, const char *prefix, unsigned long long high, unsigned long long low)
{
    snprintf(out, size, "%s-%08x-%04x-4%03x-8%03x-%012llx", prefix, (unsigned int)(high >> 32),
             (unsigned int)(high >> 16 & 0xffff), (unsigned int)(high & 0xfff), (unsigned int)(low >> 48 & 0xfff),
             low & 0xffffffffffffULL);
}

static void name_gpu(struct gpu *gpu, const char *node, unsigned int index)
{
    unsigned long long high = digest(node, 2 * index), low = digest(node, 2 * index + 1);
    unsigned int board = gpu->model->has_superchips ? superchip(index) : index;

    write_uuid(gpu->uuid, sizeof gpu->uuid, "GPU", high, low);
    snprintf(gpu->serial, sizeof gpu->serial, "165%010llu", digest(node, 100 + board) % 10000000000ULL);
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
    for (unsigned int i = 0; i < GPU_MAX; i++)
        name_gpu(&tray->gpu[i], name, i);
}

void tray_name_rack(struct tray *tray, const char *name)
{
    unsigned long long words[2] = {digest(name, 300), digest(name, 301)};

    for (unsigned int i = 0; i < GPU_MAX; i++) {
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

    if (gpu->module_power != 0 || !gpu->model->has_superchips)
        return;
    for (unsigned int i = 0; i < GPU_MAX; i++)
        if (superchip(i) == superchip(index))
            draw += (long long)tray->gpu[i].power - (long long)tray->gpu[i].idle_power;
    gpu->module_power = draw > 0 ? (unsigned int)draw : 0;
}

/* A MIG instance has a UUID of its own, which stays the same for as long as the instance does. */
static void derive_instances(struct gpu *gpu)
{
    for (unsigned int i = 0; i < gpu->instance_count; i++) {
        struct instance *instance = &gpu->instance[i];
        unsigned int salt = 400 + 2 * (8 * instance->gpu_instance + instance->compute_instance);
        unsigned long long high = digest(gpu->uuid, salt), low = digest(gpu->uuid, salt + 1);

        write_uuid(instance->uuid, sizeof instance->uuid, "MIG", high, low);
    }
}

void tray_derive(struct tray *tray)
{
    for (unsigned int i = 0; i < GPU_MAX; i++) {
        derive_activity(&tray->gpu[i]);
        derive_module_power(tray, i);
        derive_instances(&tray->gpu[i]);
    }
}
