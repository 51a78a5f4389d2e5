/* Modes a GPU is in: none of them changes, since the stand-in's caller may only read. */
#include "call.h"

DEVICE_VALUE(nvmlDeviceGetDisplayMode, nvmlEnableState_t, 1)   /* "display_attached Yes" in the capture */
DEVICE_VALUE(nvmlDeviceGetDisplayActive, nvmlEnableState_t, 0)
DEVICE_VALUE(nvmlDeviceGetPersistenceMode, nvmlEnableState_t, gpu->persistence_mode)
DEVICE_VALUE(nvmlDeviceGetComputeMode, nvmlComputeMode_t, gpu->compute_mode)
DEVICE_VALUE(nvmlDeviceGetVirtualizationMode, nvmlGpuVirtualizationMode_t, 0) /* none */

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
