/*
 * MIG: whether a GPU is divided, and into what.
 *
 * Instances are the control file's. Of a GPU that is not divided there are none, whatever it says.
 */
#include "call.h"
#include "meters.h"

DEVICE_VALUE(nvmlDeviceGetMaxMigDeviceCount, unsigned int, INSTANCE_MAX)

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

/* nvml.h: a place without an instance is "not found", so a caller asks all places there can be. */
RULE(nvmlDeviceGetMigDeviceHandleByIndex);
nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned int index, nvmlDevice_t *out)
{
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetMigDeviceHandleByIndex, device, out, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    if (!gpu->mig_mode || index >= gpu->instance_count)
        return call_end(NVML_ERROR_NOT_FOUND);
    *out = instance_handle(gpu_index(gpu), index);
    return call_end(NVML_SUCCESS);
}

RULE(nvmlDeviceIsMigDeviceHandle);
nvmlReturn_t nvmlDeviceIsMigDeviceHandle(nvmlDevice_t device, unsigned int *out)
{
    struct gpu *gpu;
    struct instance *instance;
    nvmlReturn_t code = call_begin_instance(&rule_nvmlDeviceIsMigDeviceHandle, device, out, &gpu, &instance);

    if (code != NVML_SUCCESS)
        return code;
    *out = instance != NULL;
    return call_end(NVML_SUCCESS);
}

RULE(nvmlDeviceGetDeviceHandleFromMigDeviceHandle);
nvmlReturn_t nvmlDeviceGetDeviceHandleFromMigDeviceHandle(nvmlDevice_t device, nvmlDevice_t *out)
{
    struct gpu *gpu;
    struct instance *instance;
    nvmlReturn_t code =
        call_begin_instance(&rule_nvmlDeviceGetDeviceHandleFromMigDeviceHandle, device, out, &gpu, &instance);

    if (code != NVML_SUCCESS)
        return code;
    if (instance == NULL)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    *out = gpu_handle(gpu_index(gpu));
    return call_end(NVML_SUCCESS);
}

/* A number of an instance; a whole GPU has none. */
static nvmlReturn_t read_id(struct call_rule *rule, nvmlDevice_t device, bool is_compute, unsigned int *out)
{
    struct gpu *gpu;
    struct instance *instance;
    nvmlReturn_t code = call_begin_instance(rule, device, out, &gpu, &instance);

    if (code != NVML_SUCCESS)
        return code;
    if (instance == NULL)
        return call_end(NVML_ERROR_NOT_SUPPORTED);
    *out = is_compute ? instance->compute_instance : instance->gpu_instance;
    return call_end(NVML_SUCCESS);
}

RULE(nvmlDeviceGetGpuInstanceId);
RULE(nvmlDeviceGetComputeInstanceId);
nvmlReturn_t nvmlDeviceGetGpuInstanceId(nvmlDevice_t device, unsigned int *out)
{
    return read_id(&rule_nvmlDeviceGetGpuInstanceId, device, false, out);
}
nvmlReturn_t nvmlDeviceGetComputeInstanceId(nvmlDevice_t device, unsigned int *out)
{
    return read_id(&rule_nvmlDeviceGetComputeInstanceId, device, true, out);
}

/* Instances do as much as their GPU: the control file has no activity of single ones. */
RULE(nvmlGpmMigSampleGet);
nvmlReturn_t nvmlGpmMigSampleGet(nvmlDevice_t device, unsigned int gpu_instance, nvmlGpmSample_t sample)
{
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlGpmMigSampleGet, device, sample, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    for (unsigned int i = 0; gpu->mig_mode && i < gpu->instance_count; i++)
        if (gpu->instance[i].gpu_instance == gpu_instance) {
            sample->meters = *meters_read(gpu, monotonic_ns());
            return call_end(NVML_SUCCESS);
        }
    return call_end(NVML_ERROR_NOT_FOUND);
}
