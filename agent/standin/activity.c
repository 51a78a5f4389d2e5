/* What a GPU is busy with, and for whom. */
#include "call.h"

static nvmlReturn_t read_utilization(const struct gpu *gpu, nvmlUtilization_t *out)
{
    if (gpu->mig_mode)
        return NVML_ERROR_NOT_SUPPORTED; /* nvml.h: not on MIG */
    out->gpu = gpu->utilization;
    out->memory = gpu->memory_utilization;
    return NVML_SUCCESS;
}

DEVICE_READ(nvmlDeviceGetUtilizationRates, nvmlUtilization_t, read_utilization)

/* An engine's busy share, with the window it was taken over. */
#define ENGINE(call, member)                                                                                         \
    RULE(call);                                                                                                       \
    nvmlReturn_t call(nvmlDevice_t device, unsigned int *out, unsigned int *window_us)                                \
    {                                                                                                                 \
        struct gpu *gpu;                                                                                              \
        nvmlReturn_t code = call_begin_device(&rule_##call, device, out, &gpu);                                       \
        if (code != NVML_SUCCESS)                                                                                     \
            return code;                                                                                              \
        if (window_us == NULL)                                                                                        \
            return call_end(NVML_ERROR_INVALID_ARGUMENT);                                                             \
        *out = gpu->member;                                                                                           \
        *window_us = 167000;                                                                                          \
        return call_end(NVML_SUCCESS);                                                                                \
    }

ENGINE(nvmlDeviceGetEncoderUtilization, encoder)
ENGINE(nvmlDeviceGetDecoderUtilization, decoder)
ENGINE(nvmlDeviceGetJpgUtilization, jpeg)
ENGINE(nvmlDeviceGetOfaUtilization, ofa)

static const unsigned int NO_INSTANCE = 0xffffffff;

static void fill_v1(const struct process *process, void *out, unsigned int place)
{
    nvmlProcessInfo_v1_t *info = (nvmlProcessInfo_v1_t *)out + place;

    info->pid = process->pid;
    info->usedGpuMemory = process->memory_bytes;
}

static void fill_v2(const struct process *process, void *out, unsigned int place)
{
    nvmlProcessInfo_v2_t *info = (nvmlProcessInfo_v2_t *)out + place;

    info->pid = process->pid;
    info->usedGpuMemory = process->memory_bytes;
    info->gpuInstanceId = info->computeInstanceId = NO_INSTANCE;
}

typedef void (*filler)(const struct process *process, void *out, unsigned int place);

/* Tell how many processes there are and, where the caller has the room, which. */
static nvmlReturn_t list(struct call_rule *rule, nvmlDevice_t device, unsigned int *count, void *out, filler fill)
{
    struct gpu *gpu;
    unsigned int room;
    nvmlReturn_t code = call_begin_device(rule, device, count, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    room = *count;
    *count = gpu->process_count;
    if (gpu->process_count > room)
        return call_end(NVML_ERROR_INSUFFICIENT_SIZE);
    if (gpu->process_count > 0 && out == NULL)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    for (unsigned int i = 0; i < gpu->process_count; i++)
        fill(&gpu->process[i], out, i);
    return call_end(NVML_SUCCESS);
}

RULE(nvmlDeviceGetComputeRunningProcesses);
nvmlReturn_t nvmlDeviceGetComputeRunningProcesses(nvmlDevice_t device, unsigned int *count, nvmlProcessInfo_v1_t *out)
{
    return list(&rule_nvmlDeviceGetComputeRunningProcesses, device, count, out, fill_v1);
}

RULE(nvmlDeviceGetComputeRunningProcesses_v2);
nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v2(nvmlDevice_t device, unsigned int *count,
                                                     nvmlProcessInfo_v2_t *out)
{
    return list(&rule_nvmlDeviceGetComputeRunningProcesses_v2, device, count, out, fill_v2);
}

RULE(nvmlDeviceGetComputeRunningProcesses_v3);
nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned int *count, nvmlProcessInfo_t *out)
{
    return list(&rule_nvmlDeviceGetComputeRunningProcesses_v3, device, count, out, fill_v2);
}

/* All processes compute: there is no graphics and no MPS. */
#define NO_PROCESSES(call)                                                                                           \
    RULE(call);                                                                                                       \
    nvmlReturn_t call(nvmlDevice_t device, unsigned int *count, nvmlProcessInfo_v2_t *out)                            \
    {                                                                                                                 \
        struct gpu *gpu;                                                                                              \
        nvmlReturn_t code = call_begin_device(&rule_##call, device, count, &gpu);                                     \
        (void)out;                                                                                                    \
        if (code != NVML_SUCCESS)                                                                                     \
            return code;                                                                                              \
        *count = 0;                                                                                                   \
        return call_end(NVML_SUCCESS);                                                                                \
    }

NO_PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v2)
NO_PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v3)
NO_PROCESSES(nvmlDeviceGetMPSComputeRunningProcesses_v2)
NO_PROCESSES(nvmlDeviceGetMPSComputeRunningProcesses_v3)

static nvmlReturn_t read_details(const struct gpu *gpu, nvmlProcessDetailList_t *out)
{
    enum { COMPUTE = 0, ALL = 3 };
    unsigned int room = out->numProcArrayEntries, count = 0;

    if (out->mode > ALL)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (out->mode == COMPUTE || out->mode == ALL)
        count = gpu->process_count;
    out->numProcArrayEntries = count;
    if (count > room || (count > 0 && out->procArray == NULL))
        return NVML_ERROR_INSUFFICIENT_SIZE;
    for (unsigned int i = 0; i < count; i++)
        out->procArray[i] = (nvmlProcessDetail_v1_t){gpu->process[i].pid, gpu->process[i].memory_bytes, NO_INSTANCE,
                                                     NO_INSTANCE, 0};
    return NVML_SUCCESS;
}

DEVICE_READ_VERSION(nvmlDeviceGetRunningProcessDetailList, nvmlProcessDetailList_t, 1, read_details)

/* Processes of one GPU share its utilisation evenly. */
static unsigned int share(const struct gpu *gpu, unsigned int percent) { return percent / gpu->process_count; }

RULE(nvmlDeviceGetProcessUtilization);
nvmlReturn_t nvmlDeviceGetProcessUtilization(nvmlDevice_t device, nvmlProcessUtilizationSample_t *out,
                                             unsigned int *count, unsigned long long last_seen)
{
    struct gpu *gpu;
    unsigned int room;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetProcessUtilization, device, count, &gpu);

    (void)last_seen; /* a sample is taken whenever somebody asks */
    if (code != NVML_SUCCESS)
        return code;
    room = *count;
    *count = gpu->process_count;
    if (gpu->process_count == 0)
        return call_end(NVML_ERROR_NOT_FOUND);
    if (out == NULL || room < gpu->process_count)
        return call_end(NVML_ERROR_INSUFFICIENT_SIZE);
    for (unsigned int i = 0; i < gpu->process_count; i++)
        out[i] = (nvmlProcessUtilizationSample_t){gpu->process[i].pid, (unsigned long long)epoch_us(),
                                                  share(gpu, gpu->utilization), share(gpu, gpu->memory_utilization),
                                                  share(gpu, gpu->encoder), share(gpu, gpu->decoder)};
    return call_end(NVML_SUCCESS);
}

static nvmlReturn_t read_shares(const struct gpu *gpu, nvmlProcessesUtilizationInfo_t *out)
{
    unsigned int room = out->processSamplesCount;
    unsigned long long now = (unsigned long long)epoch_us();

    out->processSamplesCount = gpu->process_count;
    if (gpu->process_count == 0)
        return NVML_ERROR_NOT_FOUND;
    if (out->procUtilArray == NULL || room < gpu->process_count)
        return NVML_ERROR_INSUFFICIENT_SIZE;
    for (unsigned int i = 0; i < gpu->process_count; i++)
        out->procUtilArray[i] = (nvmlProcessUtilizationInfo_v1_t){
            now,
            gpu->process[i].pid,
            share(gpu, gpu->utilization),
            share(gpu, gpu->memory_utilization),
            share(gpu, gpu->encoder),
            share(gpu, gpu->decoder),
            share(gpu, gpu->jpeg),
            share(gpu, gpu->ofa),
        };
    return NVML_SUCCESS;
}

DEVICE_READ_VERSION(nvmlDeviceGetProcessesUtilizationInfo, nvmlProcessesUtilizationInfo_t, 1, read_shares)

DEVICE_VALUE(nvmlDeviceGetAccountingMode, nvmlEnableState_t, gpu->accounting_mode)
DEVICE_VALUE(nvmlDeviceGetAccountingBufferSize, unsigned int, 4000) /* the capture's figure */

RULE(nvmlDeviceGetAccountingPids);
nvmlReturn_t nvmlDeviceGetAccountingPids(nvmlDevice_t device, unsigned int *count, unsigned int *pids)
{
    struct gpu *gpu;
    unsigned int room;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetAccountingPids, device, count, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    if (!gpu->accounting_mode)
        return call_end(NVML_ERROR_NOT_SUPPORTED);
    room = *count;
    *count = gpu->process_count;
    if (gpu->process_count > room || (gpu->process_count > 0 && pids == NULL))
        return call_end(NVML_ERROR_INSUFFICIENT_SIZE);
    for (unsigned int i = 0; i < gpu->process_count; i++)
        pids[i] = gpu->process[i].pid;
    return call_end(NVML_SUCCESS);
}

RULE(nvmlDeviceGetAccountingStats);
nvmlReturn_t nvmlDeviceGetAccountingStats(nvmlDevice_t device, unsigned int pid, nvmlAccountingStats_t *out)
{
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetAccountingStats, device, out, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    if (!gpu->accounting_mode)
        return call_end(NVML_ERROR_NOT_SUPPORTED);
    for (unsigned int i = 0; i < gpu->process_count; i++)
        if (gpu->process[i].pid == pid) {
            /* nvml.h: time is 0 while the process runs; these processes run for as long as they are listed. */
            *out = (nvmlAccountingStats_t){.gpuUtilization = share(gpu, gpu->utilization),
                                           .memoryUtilization = share(gpu, gpu->memory_utilization),
                                           .maxMemoryUsage = gpu->process[i].memory_bytes,
                                           .isRunning = 1};
            return call_end(NVML_SUCCESS);
        }
    return call_end(NVML_ERROR_NOT_FOUND);
}
