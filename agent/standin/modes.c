/* Modes a GPU is in: none of them changes, since the stand-in's caller may only read. */
#include "call.h"

DEVICE_VALUE(nvmlDeviceGetDisplayMode, nvmlEnableState_t, 1)   /* "display_attached Yes" in the capture */
DEVICE_VALUE(nvmlDeviceGetDisplayActive, nvmlEnableState_t, 0)
DEVICE_VALUE(nvmlDeviceGetPersistenceMode, nvmlEnableState_t, gpu->persistence_mode)
DEVICE_VALUE(nvmlDeviceGetComputeMode, nvmlComputeMode_t, gpu->compute_mode)
DEVICE_VALUE(nvmlDeviceGetVirtualizationMode, nvmlGpuVirtualizationMode_t, 0) /* none */
DEVICE_VALUE(nvmlDeviceIsMigDeviceHandle, unsigned int, 0)
DEVICE_VALUE(nvmlDeviceGetMaxMigDeviceCount, unsigned int, 7) /* seven compute slices, as on every MIG GPU */

RULE(nvmlDeviceGetMigMode);
nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned int *current, unsigned int *pending)
{
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetMigMode, device, current, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    if (pending == NULL)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    *current = *pending = gpu->mig_mode;
    return call_end(NVML_SUCCESS);
}

/* MIG may be on, but no instance is ever made. */
RULE(nvmlDeviceGetMigDeviceHandleByIndex);
nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned int index, nvmlDevice_t *out)
{
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetMigDeviceHandleByIndex, device, out, &gpu);

    (void)index;
    return code != NVML_SUCCESS ? code : call_end(NVML_ERROR_NOT_FOUND);
}

/* Without confidential computing all memory is unprotected. */
static nvmlReturn_t read_cc_sizes(const struct gpu *gpu, nvmlConfComputeMemSizeInfo_t *out)
{
    out->protectedMemSizeKib = 0;
    out->unprotectedMemSizeKib = gpu->memory_total / 1024;
    return NVML_SUCCESS;
}

static nvmlReturn_t read_cc_usage(const struct gpu *gpu, nvmlMemory_t *out)
{
    (void)gpu;
    out->total = out->free = out->used = 0;
    return NVML_SUCCESS;
}

DEVICE_READ(nvmlDeviceGetConfComputeMemSizeInfo, nvmlConfComputeMemSizeInfo_t, read_cc_sizes)
DEVICE_READ(nvmlDeviceGetConfComputeProtectedMemoryUsage, nvmlMemory_t, read_cc_usage)
