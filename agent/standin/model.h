/*
 * What kind of GPU there is: figures that no control file changes.
 *
 * Two kinds are known, each from an "nvidia-smi -q -x" capture: GB300 (driver 580.173.02, a tray of
 * four) and H100 (driver 580.105.08, a board of eight). model_*.c hold the figures.
 */
#ifndef STANDIN_MODEL_H
#define STANDIN_MODEL_H

#include "state.h"

enum architecture { HOPPER = 9, BLACKWELL = 10 }; /* numbers of nvml.h */

/* What differs between the GPUs of a capture, in index order; milliwatts, degrees Celsius. */
struct captured {
    unsigned int module_id, pci_domain, pci_bus, temperature, memory_temperature;
    unsigned int power, power_instant, memory_power, module_power;
};

struct model {
    enum architecture architecture;
    const char *name, *board_part_number, *vbios, *inforom, *driver_version;
    int cuda_capability[2];
    unsigned int pci_device_id, pci_subsystem_id;
    unsigned int addressing_mode;
    unsigned int link_version, link_speed;
    unsigned int fabric_mask, fabric_summary, clique;
    /* Milliwatts. */
    unsigned int min_limit, max_limit, module_min_limit, module_max_limit;
    /* MHz, in the order of nvmlClockType_t: graphics, SM, memory, video. */
    unsigned int idle_clock[4], max_clock[4];
    /* Supported graphics clocks fall from the maximum by so many half MHz, so often. */
    unsigned int clock_step_half_mhz, clock_steps;
    /* Degrees of margin: shutdown, slowdown, memory maximum, GPU maximum. */
    int limit_offset[4];
    /* MiB. */
    unsigned long long memory_total, memory_reserved, bar1_total;
    unsigned int remap_banks, pcie_generation;
    /* Two GPUs on one module with a Grace CPU: one serial number, one module power, C2C. */
    bool has_superchips;
    struct captured captured[GPU_MAX];
};

extern const struct model GB300, H100;

static inline bool is_blackwell(const struct gpu *gpu) { return gpu->model->architecture == BLACKWELL; }

#endif
