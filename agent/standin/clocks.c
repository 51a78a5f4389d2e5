/* Clocks, in MHz. */
#include "call.h"
#include "model.h"

enum { CLOCK_TYPES = 4, GRAPHICS = 0, MEMORY = 2 };

static nvmlReturn_t read_clock(struct call_rule *rule, nvmlDevice_t device, unsigned int type, bool is_max,
                               unsigned int *out)
{
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(rule, device, out, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    if (type >= CLOCK_TYPES)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    *out = is_max ? gpu->max_clock[type] : gpu->clock[type];
    return call_end(NVML_SUCCESS);
}

/* Application and boost clocks exist for graphics and memory; the capture shows both at their maximum. */
static nvmlReturn_t read_target(struct call_rule *rule, nvmlDevice_t device, unsigned int type, unsigned int *out)
{
    nvmlReturn_t code = read_clock(rule, device, type, true, out);

    return code == NVML_SUCCESS && type != GRAPHICS && type != MEMORY ? NVML_ERROR_NOT_SUPPORTED : code;
}

RULE(nvmlDeviceGetClockInfo);
nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t device, nvmlClockType_t type, unsigned int *clock)
{
    return read_clock(&rule_nvmlDeviceGetClockInfo, device, type, false, clock);
}

RULE(nvmlDeviceGetMaxClockInfo);
nvmlReturn_t nvmlDeviceGetMaxClockInfo(nvmlDevice_t device, nvmlClockType_t type, unsigned int *clock)
{
    return read_clock(&rule_nvmlDeviceGetMaxClockInfo, device, type, true, clock);
}

RULE(nvmlDeviceGetApplicationsClock);
nvmlReturn_t nvmlDeviceGetApplicationsClock(nvmlDevice_t device, nvmlClockType_t type, unsigned int *clock)
{
    return read_target(&rule_nvmlDeviceGetApplicationsClock, device, type, clock);
}

RULE(nvmlDeviceGetDefaultApplicationsClock);
nvmlReturn_t nvmlDeviceGetDefaultApplicationsClock(nvmlDevice_t device, nvmlClockType_t type, unsigned int *clock)
{
    return read_target(&rule_nvmlDeviceGetDefaultApplicationsClock, device, type, clock);
}

RULE(nvmlDeviceGetMaxCustomerBoostClock);
nvmlReturn_t nvmlDeviceGetMaxCustomerBoostClock(nvmlDevice_t device, nvmlClockType_t type, unsigned int *clock)
{
    nvmlReturn_t code = read_target(&rule_nvmlDeviceGetMaxCustomerBoostClock, device, type, clock);

    return code == NVML_SUCCESS && type != GRAPHICS ? NVML_ERROR_NOT_SUPPORTED : code;
}

RULE(nvmlDeviceGetClock);
nvmlReturn_t nvmlDeviceGetClock(nvmlDevice_t device, nvmlClockType_t type, nvmlClockId_t id, unsigned int *clock)
{
    enum { CURRENT = 0, HIGHEST_ID = 3 };

    if (id > HIGHEST_ID)
        return read_clock(&rule_nvmlDeviceGetClock, device, CLOCK_TYPES, false, clock);
    if (id == CURRENT)
        return read_clock(&rule_nvmlDeviceGetClock, device, type, false, clock);
    return read_target(&rule_nvmlDeviceGetClock, device, type, clock);
}

RULE(nvmlDeviceGetSupportedPerformanceStates);
nvmlReturn_t nvmlDeviceGetSupportedPerformanceStates(nvmlDevice_t device, nvmlPstates_t *states, unsigned int size)
{
    enum { PSTATE_MAX = 16, UNKNOWN = 32 };
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetSupportedPerformanceStates, device, states, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    if (size / sizeof *states == 0)
        return call_end(NVML_ERROR_INSUFFICIENT_SIZE);
    /* P0 is all a GB300 has; the rest of the array is marked unknown. */
    for (unsigned int i = 0; i < size / sizeof *states && i < PSTATE_MAX; i++)
        states[i] = i == 0 ? 0 : UNKNOWN;
    return call_end(NVML_SUCCESS);
}

/* Hand out a list whose room the caller stated in count. */
static nvmlReturn_t give_clocks(const struct gpu *gpu, unsigned int *count, unsigned int *out, unsigned int first,
                                unsigned int length)
{
    unsigned int room = *count;

    *count = length;
    if (room < length || out == NULL)
        return NVML_ERROR_INSUFFICIENT_SIZE;
    for (unsigned int i = 0; i < length; i++)
        out[i] = first - (gpu->model->clock_step_half_mhz * i + 1) / 2;
    return NVML_SUCCESS;
}

RULE(nvmlDeviceGetSupportedMemoryClocks);
nvmlReturn_t nvmlDeviceGetSupportedMemoryClocks(nvmlDevice_t device, unsigned int *count, unsigned int *clocks)
{
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetSupportedMemoryClocks, device, count, &gpu);

    return code != NVML_SUCCESS ? code : call_end(give_clocks(gpu, count, clocks, gpu->max_clock[MEMORY], 1));
}

RULE(nvmlDeviceGetSupportedGraphicsClocks);
nvmlReturn_t nvmlDeviceGetSupportedGraphicsClocks(nvmlDevice_t device, unsigned int memory_clock, unsigned int *count,
                                                  unsigned int *clocks)
{
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetSupportedGraphicsClocks, device, count, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    if (memory_clock != gpu->max_clock[MEMORY])
        return call_end(NVML_ERROR_NOT_FOUND);
    return call_end(give_clocks(gpu, count, clocks, gpu->max_clock[GRAPHICS], gpu->model->clock_steps));
}
