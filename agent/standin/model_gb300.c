/*
 * GB300, of which a compute tray has four.
 *
 * Figures without another source are those of an "nvidia-smi -q -x" capture of a GB300 tray,
 * driver 580.173.02, CUDA 13.0. Nobody sells a tray of eight: its second four repeat the first,
 * at module ids and PCI domains of their own, so that programs can be tried on eight GPUs.
 */
#include "links.h"
#include "model.h"

const struct model GB300 = {
    .architecture = BLACKWELL,
    .name = "NVIDIA GB300",
    .board_part_number = "900-2G548-0081-000",
    .vbios = "97.10.4A.00.1A",
    .inforom = "G548.0301.00.03",
    .driver_version = "580.173.02",
    .cuda_capability = {10, 3}, /* NVIDIA's list of CUDA GPUs */
    .pci_device_id = 0x31C210DE,
    .pci_subsystem_id = 0x21F110DE,
    .addressing_mode = 2, /* ATS: the Grace CPU and the GPU share page tables */
    .link_version = NVLINK_VERSION_5,
    .link_speed = 53125,  /* MB/s each way: NVIDIA's health validation catalogue for GB200 and GB300 */
    .fabric_mask = 0x1AA, /* full bandwidth, no recovery, healthy routes, no misconfiguration */
    .fabric_summary = 1,  /* healthy */
    .clique = 32766,
    .min_limit = 200000,
    .max_limit = 1400000,
    .module_min_limit = 500000,
    .module_max_limit = 2900000,
    .idle_clock = {0, 120, 3996, 600}, /* graphics follows SM */
    .max_clock = {2070, 2070, 3996, 1912},
    .clock_step_half_mhz = 15, /* by 7 and 8 MHz in turn, 2070 down to 120 MHz */
    .clock_steps = 261,
    .limit_offset = {-5, -2, 0, 0},
    .memory_total = 284208,
    .memory_reserved = 947,
    .bar1_total = 524288,
    .remap_banks = 5952,
    .pcie_generation = 6,
    .has_superchips = true,
    .captured =
        {
            {2, 0x08, 0x06, 38, 38, 180360, 180290, 35700, 488290},
            {1, 0x09, 0x06, 39, 38, 176260, 176260, 36590, 486300},
            {4, 0x18, 0x06, 39, 39, 175920, 175910, 34950, 496850},
            {3, 0x19, 0x06, 39, 39, 180050, 180050, 42200, 494320},
            {6, 0x28, 0x06, 38, 38, 180360, 180290, 35700, 488290},
            {5, 0x29, 0x06, 39, 38, 176260, 176260, 36590, 486300},
            {8, 0x38, 0x06, 39, 39, 175920, 175910, 34950, 496850},
            {7, 0x39, 0x06, 39, 39, 180050, 180050, 42200, 494320},
        },
};
