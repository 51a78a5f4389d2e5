/* Memory, its errors, and its repair. */
#include "ecc.h"
#include "call.h"
#include "model.h"

static unsigned long long free_bytes(const struct gpu *gpu)
{
    unsigned long long taken = gpu->memory_reserved + gpu->memory_used;

    return taken < gpu->memory_total ? gpu->memory_total - taken : 0;
}

/* The first version has no place for what the driver keeps for itself, and counts it as used. */
static nvmlReturn_t read_memory(const struct gpu *gpu, nvmlMemory_t *out)
{
    out->total = gpu->memory_total;
    out->free = free_bytes(gpu);
    out->used = out->total - out->free;
    return NVML_SUCCESS;
}

static nvmlReturn_t read_memory_v2(const struct gpu *gpu, nvmlMemory_v2_t *out)
{
    out->total = gpu->memory_total;
    out->reserved = gpu->memory_reserved;
    out->free = free_bytes(gpu);
    out->used = gpu->memory_used;
    return NVML_SUCCESS;
}

static nvmlReturn_t read_bar1(const struct gpu *gpu, nvmlBAR1Memory_t *out)
{
    out->bar1Total = gpu->bar1_total;
    out->bar1Used = gpu->bar1_used;
    out->bar1Free = gpu->bar1_total > gpu->bar1_used ? gpu->bar1_total - gpu->bar1_used : 0;
    return NVML_SUCCESS;
}

/* A MIG instance has its share of the memory, of which nothing is in use. */
RULE(nvmlDeviceGetMemoryInfo);
nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *out)
{
    struct gpu *gpu;
    struct instance *instance;
    nvmlReturn_t code = call_begin_instance(&rule_nvmlDeviceGetMemoryInfo, device, out, &gpu, &instance);

    if (code != NVML_SUCCESS)
        return code;
    read_memory(gpu, out);
    if (instance != NULL)
        *out = (nvmlMemory_t){.total = instance->memory_bytes, .free = instance->memory_bytes};
    return call_end(NVML_SUCCESS);
}

RULE(nvmlDeviceGetMemoryInfo_v2);
nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *out)
{
    struct call_rule *rule = &rule_nvmlDeviceGetMemoryInfo_v2;
    struct gpu *gpu;
    struct instance *instance;
    nvmlReturn_t code = call_begin_instance(rule, device, out, &gpu, &instance);

    if (code != NVML_SUCCESS)
        return code;
    if (!is_version(rule, out->version, sizeof *out, 2))
        return call_end(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
    read_memory_v2(gpu, out);
    if (instance != NULL) {
        out->total = out->free = instance->memory_bytes;
        out->reserved = out->used = 0;
    }
    return call_end(NVML_SUCCESS);
}

DEVICE_READ(nvmlDeviceGetBAR1MemoryInfo, nvmlBAR1Memory_t, read_bar1)
DEVICE_VALUE(nvmlDeviceGetDefaultEccMode, nvmlEnableState_t, 1)

RULE(nvmlDeviceGetEccMode);
nvmlReturn_t nvmlDeviceGetEccMode(nvmlDevice_t device, nvmlEnableState_t *current, nvmlEnableState_t *pending)
{
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetEccMode, device, current, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    if (pending == NULL)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    *current = gpu->ecc_mode;
    *pending = gpu->ecc_pending;
    return call_end(NVML_SUCCESS);
}

enum { CORRECTED = 0, UNCORRECTED = 1 };

unsigned long long ecc_total(const struct ecc *ecc, bool is_uncorrected, unsigned int life)
{
    if (is_uncorrected)
        return ecc->sram_parity[life] + ecc->sram_secded[life] + ecc->dram_uncorrected[life];
    return ecc->sram_corrected[life] + ecc->dram_corrected[life];
}

RULE(nvmlDeviceGetTotalEccErrors);
nvmlReturn_t nvmlDeviceGetTotalEccErrors(nvmlDevice_t device, nvmlMemoryErrorType_t type, nvmlEccCounterType_t life,
                                         unsigned long long *out)
{
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetTotalEccErrors, device, out, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    if (type > UNCORRECTED || life > 1)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    *out = ecc_total(&gpu->ecc, type == UNCORRECTED, life);
    return call_end(NVML_SUCCESS);
}

static nvmlReturn_t read_location(const struct ecc *ecc, bool is_uncorrected, unsigned int life,
                                  nvmlMemoryLocation_t location, unsigned long long *out)
{
    enum { DRAM = 2, SRAM = 7 };

    if (location == DRAM)
        *out = is_uncorrected ? ecc->dram_uncorrected[life] : ecc->dram_corrected[life];
    else if (location == SRAM)
        *out = is_uncorrected ? ecc->sram_parity[life] + ecc->sram_secded[life] : ecc->sram_corrected[life];
    else
        return NVML_ERROR_NOT_SUPPORTED; /* the capture knows SRAM and DRAM, no single caches */
    return NVML_SUCCESS;
}

RULE(nvmlDeviceGetMemoryErrorCounter);
nvmlReturn_t nvmlDeviceGetMemoryErrorCounter(nvmlDevice_t device, nvmlMemoryErrorType_t type,
                                             nvmlEccCounterType_t life, nvmlMemoryLocation_t location,
                                             unsigned long long *out)
{
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetMemoryErrorCounter, device, out, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    if (type > UNCORRECTED || life > 1)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    return call_end(read_location(&gpu->ecc, type == UNCORRECTED, life, location, out));
}

/* Where in the chip an aggregate error sat is not modelled: the buckets stay at zero but for "other". */
static nvmlReturn_t read_sram(const struct gpu *gpu, nvmlEccSramErrorStatus_t *out)
{
    out->aggregateUncParity = gpu->ecc.sram_parity[1];
    out->aggregateUncSecDed = gpu->ecc.sram_secded[1];
    out->aggregateCor = gpu->ecc.sram_corrected[1];
    out->volatileUncParity = gpu->ecc.sram_parity[0];
    out->volatileUncSecDed = gpu->ecc.sram_secded[0];
    out->volatileCor = gpu->ecc.sram_corrected[0];
    out->aggregateUncBucketL2 = out->aggregateUncBucketSm = 0;
    out->aggregateUncBucketPcie = out->aggregateUncBucketMcu = 0;
    out->aggregateUncBucketOther = out->aggregateUncParity + out->aggregateUncSecDed;
    out->bThresholdExceeded = gpu->sram_threshold_exceeded;
    return NVML_SUCCESS;
}

static nvmlReturn_t read_remapped(const struct gpu *gpu, nvmlRemappedRowsInfo_v2_t *out)
{
    out->corrActiveRemaps = gpu->remapped_corrected;
    out->corrInactiveRemaps = gpu->remapped_corrected_inactive;
    out->uncActiveRemaps = gpu->remapped_uncorrected;
    out->uncInactiveRemaps = gpu->remapped_uncorrected_inactive;
    out->bPending = gpu->remap_pending;
    out->bFailureOccurred = gpu->remap_failed;
    return NVML_SUCCESS;
}

static nvmlReturn_t read_histogram(const struct gpu *gpu, nvmlRowRemapperHistogramValues_t *out)
{
    out->max = gpu->remap_banks[0];
    out->high = gpu->remap_banks[1];
    out->partial = gpu->remap_banks[2];
    out->low = gpu->remap_banks[3];
    out->none = gpu->remap_banks[4];
    return NVML_SUCCESS;
}

/* How many groups of banks a GB300 has is not established; the control file may say. */
static nvmlReturn_t read_bank_remapper(const struct gpu *gpu, nvmlEccBankRemapperStatus_v1_t *out)
{
    if (!is_blackwell(gpu))
        return NVML_ERROR_NOT_SUPPORTED;
    out->activeRemappings = gpu->bank_remaps_active;
    out->inactiveRemappings = gpu->bank_remaps_inactive;
    out->bPending = gpu->bank_remap_pending;
    out->histogram.maxSpareGroupCount = gpu->bank_groups_max;
    out->histogram.noSpareGroupCount = gpu->bank_groups_none;
    return NVML_SUCCESS;
}

static nvmlReturn_t read_repair(const struct gpu *gpu, nvmlRepairStatus_t *out)
{
    out->bChannelRepairPending = gpu->channel_repair_pending;
    out->bTpcRepairPending = gpu->tpc_repair_pending;
    return NVML_SUCCESS;
}

static nvmlReturn_t read_unrepairable(const struct gpu *gpu, nvmlUnrepairableMemoryStatus_v1_t *out)
{
    out->bUnrepairableMemory = gpu->unrepairable_memory;
    return NVML_SUCCESS;
}

DEVICE_READ_VERSION(nvmlDeviceGetSramEccErrorStatus, nvmlEccSramErrorStatus_t, 1, read_sram)
DEVICE_READ(nvmlDeviceGetRemappedRows_v2, nvmlRemappedRowsInfo_v2_t, read_remapped)
DEVICE_READ(nvmlDeviceGetRowRemapperHistogram, nvmlRowRemapperHistogramValues_t, read_histogram)
DEVICE_READ(nvmlDeviceGetBankRemapperStatus_v1, nvmlEccBankRemapperStatus_v1_t, read_bank_remapper)
DEVICE_READ_VERSION(nvmlDeviceGetRepairStatus, nvmlRepairStatus_t, 1, read_repair)
DEVICE_READ(nvmlDeviceGetUnrepairableMemoryFlag_v1, nvmlUnrepairableMemoryStatus_v1_t, read_unrepairable)

RULE(nvmlDeviceGetRemappedRows);
nvmlReturn_t nvmlDeviceGetRemappedRows(nvmlDevice_t device, unsigned int *corrected, unsigned int *uncorrected,
                                       unsigned int *pending, unsigned int *failed)
{
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetRemappedRows, device, corrected, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    if (uncorrected == NULL || pending == NULL || failed == NULL)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    *corrected = gpu->remapped_corrected;
    *uncorrected = gpu->remapped_uncorrected;
    *pending = gpu->remap_pending;
    *failed = gpu->remap_failed;
    return call_end(NVML_SUCCESS);
}
