/*
 * What the tray is: the state that a control file describes.
 *
 * struct tray is plain data: parsed aside, then copied over the live one under the lock.
 * What moves by itself (energy, cycles, bytes) stands in meters.h, what happened in events.h.
 */
#ifndef STANDIN_STATE_H
#define STANDIN_STATE_H

#include "nvml_abi.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    GPU_MAX = 8,         /* GPUs that a profile may have; a GB300 compute tray has four */
    LINK_COUNT = 18,     /* NVLink 5 links of one GPU */
    INSTANCE_MAX = 7,    /* MIG instances of one GPU: it has seven compute slices */
    PROCESS_MAX = 16,    /* processes one control file may place on a GPU */
    EVENT_MAX = 256,     /* events one control file may hold */
    OVERRIDE_MAX = 64,   /* lines about calls or fields one control file may hold */
    FIELD_MAX = 310,     /* NVML_FI_MAX */
};

#define MIB (1024ULL * 1024ULL)

/* Rates that GPM reports and whose integrals it counts; gpm.c says which metric reads which. */
enum rate {
    RATE_GRAPHICS,
    RATE_SM,
    RATE_OCCUPANCY,
    RATE_INTEGER,
    RATE_TENSOR,
    RATE_DFMA,
    RATE_HMMA,
    RATE_DMMA,
    RATE_IMMA,
    RATE_DRAM,
    RATE_FP64,
    RATE_FP32,
    RATE_FP16,
    RATE_PCIE_TX,
    RATE_PCIE_RX,
    RATE_NVLINK_RX,
    RATE_NVLINK_TX,
    RATE_C2C_TX,
    RATE_C2C_RX,
    RATE_COUNT
};

/* Clock event reasons whose time the driver counts. */
enum throttle {
    THROTTLE_SW_POWER,
    THROTTLE_SYNC_BOOST,
    THROTTLE_SW_THERMAL,
    THROTTLE_HW_THERMAL,
    THROTTLE_HW_POWER_BRAKE,
    THROTTLE_COUNT
};

/*
 * Per-link counters, in the order of the fields that read them: 201 to 222, the FEC bins 235
 * to 250, and 289 to 295. links.c turns a field id into a place here and back.
 */
enum {
    LINK_COUNTER_FIRST = 201,
    LINK_COUNTER_LAST = 222,
    LINK_FEC_FIRST = 235,
    LINK_FEC_LAST = 250,
    LINK_RAW_FIRST = 289,
    LINK_RAW_LAST = 295,
    LINK_FEC_SLOT = LINK_COUNTER_LAST - LINK_COUNTER_FIRST + 1,
    LINK_RAW_SLOT = LINK_FEC_SLOT + LINK_FEC_LAST - LINK_FEC_FIRST + 1,
    LINK_SLOT_COUNT = LINK_RAW_SLOT + LINK_RAW_LAST - LINK_RAW_FIRST + 1,
};

struct link {
    unsigned int state; /* 0 inactive, 1 active, 2 sleep, 3 active without traffic */
    unsigned int speed; /* MB/s each way */
    unsigned long long counter[LINK_SLOT_COUNT];
};

struct process {
    unsigned int pid;
    unsigned long long memory_bytes;
    char name[64];
};

/* A MIG instance; its UUID follows from the GPU's. */
struct instance {
    unsigned int gpu_instance, compute_instance;
    unsigned long long memory_bytes;
    char uuid[41];
};

/* ECC counters; [0] since the driver was loaded, [1] over the life of the board. */
struct ecc {
    unsigned long long sram_corrected[2];
    unsigned long long sram_parity[2];
    unsigned long long sram_secded[2];
    unsigned long long dram_corrected[2];
    unsigned long long dram_uncorrected[2];
};

struct gpu {
    const struct model *model; /* what kind of GPU it is; model.h */

    /* A fault is the code that every call on this GPU answers; 0 is none. */
    int fault;
    bool hung;
    bool absent;

    char name[96];
    char uuid[41];
    char serial[30];
    char board_part_number[80];
    char vbios[32];
    char chassis_serial[17];
    char hostname[64];
    unsigned char ib_guid[16];
    unsigned char cluster_uuid[16];
    unsigned long long pdi;
    unsigned int minor, module_id, slot_number, tray_index, host_id, peer_type;
    unsigned int pci_domain, pci_bus, pci_device;

    unsigned int fabric_state, fabric_status, clique, fabric_mask, fabric_summary;
    unsigned int recovery_action;

    double temperature, memory_temperature, margin;

    /* Milliwatts. */
    unsigned int power, power_instant, idle_power, memory_power;
    unsigned int module_power, idle_module_power;
    unsigned int enforced_limit, requested_limit, default_limit, min_limit, max_limit;
    unsigned int module_limit, module_min_limit, module_max_limit;
    unsigned long long energy_millijoules; /* what the counter stood at when the library started */

    /* MHz, in the order of nvmlClockType_t: graphics, SM, memory, video. */
    unsigned int clock[4], max_clock[4];
    unsigned int performance_state;
    unsigned long long clock_event_reasons;
    unsigned long long throttle_ns[THROTTLE_COUNT];
    unsigned long long power_smoothing_limited_ns;

    unsigned int utilization, memory_utilization, encoder, decoder, jpeg, ofa;
    double rate[RATE_COUNT];

    /* Bytes. */
    unsigned long long memory_total, memory_reserved, memory_used, bar1_total, bar1_used;

    unsigned int ecc_mode, ecc_pending;
    struct ecc ecc;
    unsigned int sram_threshold_exceeded, channel_repair_pending, tpc_repair_pending, unrepairable_memory;
    unsigned int remapped_corrected, remapped_uncorrected, remapped_corrected_inactive;
    unsigned int remapped_uncorrected_inactive, remap_pending, remap_failed;
    unsigned int remap_banks[5]; /* max, high, partial, low, none */
    unsigned int bank_remaps_active, bank_remaps_inactive, bank_remap_pending;
    unsigned int bank_groups_max, bank_groups_none;

    unsigned int pcie_generation, pcie_generation_max, pcie_width, pcie_width_max, pcie_replays, pcie_rollovers;
    unsigned int pcie_errors[11]; /* fields 173 to 183 */
    unsigned int c2c_status, c2c_errors[3], c2c_power_state;

    unsigned int persistence_mode, compute_mode, mig_mode, accounting_mode;
    unsigned int instance_count;
    struct instance instance[INSTANCE_MAX];
    unsigned int process_count;
    struct process process[PROCESS_MAX];
    struct link link[LINK_COUNT];
};

enum event_source { EVENT_GPU, EVENT_SYSTEM, EVENT_OPERATIONAL };

struct event {
    unsigned long long sequence; /* the writer's number; each is delivered once */
    enum event_source source;
    unsigned int gpu;
    unsigned long long type; /* an event bit; of an operational event, its severity */
    unsigned long long data;
    unsigned int times; /* how often it is told to each set; 0 is once */
    long long at_us;    /* when the file that tells of it was written */
};

enum override_kind { OVERRIDE_ANSWER, OVERRIDE_VERSION, OVERRIDE_LATENCY };

struct override {
    enum override_kind kind;
    char call[80]; /* "*" is every call */
    unsigned int value;
};

struct tray {
    long long written_us; /* when the control file was written */
    struct gpu gpu[GPU_MAX];
    unsigned int gpu_count; /* GPUs that the profile has */
    unsigned int count;     /* of these, left in the enumeration, from the front */
    unsigned int driver_loads;
    unsigned int has_operational_events;
    bool is_root;
    char driver_version[80];
    char nvml_version[80];
    unsigned int cuda_version;
    unsigned int cc_environment, cc_feature, cc_ready;
    unsigned short field_answer[FIELD_MAX]; /* 0: as the field table says */
    unsigned int event_count, override_count;
    struct event event[EVENT_MAX];
    struct override override[OVERRIDE_MAX];
};

/* profile.c: a healthy, idle tray; without a name a GB300 compute tray. False: no such profile. */
void tray_set_defaults(struct tray *tray);
bool tray_set_profile(struct tray *tray, const char *name);
void tray_name_node(struct tray *tray, const char *name);
void tray_name_rack(struct tray *tray, const char *name);
/* Fill in what follows from other values, after all lines have been read. */
void tray_derive(struct tray *tray);

/* The superchip a GPU sits on: two GPUs share one Grace CPU, one serial number, one power reading. */
static inline unsigned int superchip(unsigned int gpu) { return gpu / 2; }

#endif
