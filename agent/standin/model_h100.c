/*
 * H100 80GB HBM3, of which a board has eight.
 *
 * Figures without another source are those of an "nvidia-smi -q -x" capture of eight H100 with
 * driver 580.105.08, CUDA 13.0.
 */
#include "links.h"
#include "model.h"

const struct model H100 = {
    .architecture = HOPPER,
    .name = "NVIDIA H100 80GB HBM3",
    .board_part_number = "692-2G520-0200-000",
    .vbios = "96.00.99.00.01",
    .inforom = "G520.0200.00.05",
    .driver_version = "580.105.08",
    .cuda_capability = {9, 0},
    .pci_device_id = 0x233010DE,
    .pci_subsystem_id = 0x16C110DE,
    .addressing_mode = 1, /* HMM */
    .link_version = NVLINK_VERSION_4,
    .link_speed = 26562, /* MB/s each way: what nvidia-smi nvlink shows for H100, as public outputs have it */
    .min_limit = 200000,
    .max_limit = 700000,
    .idle_clock = {0, 345, 2619, 765}, /* graphics follows SM */
    .max_clock = {1980, 1980, 2619, 1545},
    .clock_step_half_mhz = 30, /* by 15 MHz, 1980 down to 345 MHz */
    .clock_steps = 110,
    .limit_offset = {-8, -2, 0, 0},
    .memory_total = 81559,
    .memory_reserved = 480,
    .bar1_total = 131072,
    .remap_banks = 2560,
    .pcie_generation = 5,
    .captured =
        {
            {7, 0, 0x53, 29, 37, 68570, 68920, 32980, 0},
            {5, 0, 0x64, 30, 39, 67010, 67010, 39710, 0},
            {6, 0, 0x75, 29, 38, 67450, 67450, 39920, 0},
            {8, 0, 0x86, 32, 39, 71370, 71370, 46070, 0},
            {1, 0, 0x97, 32, 37, 66660, 66660, 36030, 0},
            {3, 0, 0xA8, 29, 37, 68110, 68110, 36700, 0},
            {4, 0, 0xB9, 31, 37, 69800, 69800, 35370, 0},
            {2, 0, 0xCA, 29, 38, 68070, 68070, 36890, 0},
        },
};
