/* Heat, power and clocks. */
#include "call.h"
#include "meters.h"
#include "model.h"

#include <math.h>
#include <string.h>

/* Only field 308 shows parts of a degree. */
static int whole_degrees(double temperature) { return (int)floor(temperature + 0.5); }

RULE(nvmlDeviceGetTemperature);
nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, nvmlTemperatureSensors_t sensor, unsigned int *out)
{
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetTemperature, device, out, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    if (sensor != 0)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    *out = (unsigned int)whole_degrees(gpu->temperature);
    return call_end(NVML_SUCCESS);
}

static nvmlReturn_t read_temperature(const struct gpu *gpu, nvmlTemperature_t *out)
{
    if (out->sensorType != 0)
        return NVML_ERROR_INVALID_ARGUMENT;
    out->temperature = whole_degrees(gpu->temperature);
    return NVML_SUCCESS;
}

static nvmlReturn_t read_margin(const struct gpu *gpu, nvmlMarginTemperature_t *out)
{
    out->marginTemperature = whole_degrees(gpu->margin);
    return NVML_SUCCESS;
}

DEVICE_READ_VERSION(nvmlDeviceGetTemperatureV, nvmlTemperature_t, 1, read_temperature)
DEVICE_READ_VERSION(nvmlDeviceGetMarginTemperature, nvmlMarginTemperature_t, 1, read_margin)

static unsigned long long energy(const struct gpu *gpu)
{
    return gpu->energy_millijoules + (unsigned long long)meters_read(gpu, monotonic_ns())->energy_millijoules;
}

DEVICE_VALUE(nvmlDeviceGetPowerUsage, unsigned int, gpu->power)
DEVICE_VALUE(nvmlDeviceGetTotalEnergyConsumption, unsigned long long, energy(gpu))
DEVICE_VALUE(nvmlDeviceGetEnforcedPowerLimit, unsigned int, gpu->enforced_limit)
DEVICE_VALUE(nvmlDeviceGetPowerManagementMode, nvmlEnableState_t, 1)
DEVICE_VALUE(nvmlDeviceGetPowerManagementLimit, unsigned int, gpu->requested_limit)
DEVICE_VALUE(nvmlDeviceGetPowerManagementDefaultLimit, unsigned int, gpu->default_limit)
DEVICE_VALUE(nvmlDeviceGetPowerSource, nvmlPowerSource_t, 0) /* mains */
DEVICE_VALUE(nvmlDeviceGetPerformanceState, nvmlPstates_t, gpu->performance_state)
DEVICE_VALUE(nvmlDeviceGetPowerState, nvmlPstates_t, gpu->performance_state)
DEVICE_VALUE(nvmlDeviceGetCurrentClocksEventReasons, unsigned long long, gpu->clock_event_reasons)
DEVICE_VALUE(nvmlDeviceGetCurrentClocksThrottleReasons, unsigned long long, gpu->clock_event_reasons)
/* The nine reasons that the capture lists. */
DEVICE_VALUE(nvmlDeviceGetSupportedClocksEventReasons, unsigned long long, 0x1ff)
DEVICE_VALUE(nvmlDeviceGetSupportedClocksThrottleReasons, unsigned long long, 0x1ff)

RULE(nvmlDeviceGetPowerManagementLimitConstraints);
nvmlReturn_t nvmlDeviceGetPowerManagementLimitConstraints(nvmlDevice_t device, unsigned int *lowest,
                                                          unsigned int *highest)
{
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetPowerManagementLimitConstraints, device, lowest, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    if (highest == NULL)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    *lowest = gpu->min_limit;
    *highest = gpu->max_limit;
    return call_end(NVML_SUCCESS);
}

/*
 * Workload power profiles read "N/A" in the capture as requested and enforced ones. Which
 * profiles a GB300 offers is not established, so none is offered and none is on.
 */
static nvmlReturn_t read_profiles(const struct gpu *gpu, nvmlWorkloadPowerProfileProfilesInfo_t *out)
{
    if (!is_blackwell(gpu))
        return NVML_ERROR_NOT_SUPPORTED;
    memset(&out->perfProfilesMask, 0, sizeof *out - offsetof(nvmlWorkloadPowerProfileProfilesInfo_t, perfProfilesMask));
    return NVML_SUCCESS;
}

static nvmlReturn_t read_current_profiles(const struct gpu *gpu, nvmlWorkloadPowerProfileCurrentProfiles_t *out)
{
    if (!is_blackwell(gpu))
        return NVML_ERROR_NOT_SUPPORTED;
    memset(&out->perfProfilesMask, 0,
           sizeof *out - offsetof(nvmlWorkloadPowerProfileCurrentProfiles_t, perfProfilesMask));
    return NVML_SUCCESS;
}

DEVICE_READ_VERSION(nvmlDeviceWorkloadPowerProfileGetProfilesInfo, nvmlWorkloadPowerProfileProfilesInfo_t, 1,
                    read_profiles)
DEVICE_READ_VERSION(nvmlDeviceWorkloadPowerProfileGetCurrentProfiles, nvmlWorkloadPowerProfileCurrentProfiles_t, 1,
                    read_current_profiles)

RULE(nvmlDeviceGetViolationStatus);
nvmlReturn_t nvmlDeviceGetViolationStatus(nvmlDevice_t device, nvmlPerfPolicyType_t policy, nvmlViolationTime_t *out)
{
    static const enum throttle counted[] = {THROTTLE_SW_POWER, THROTTLE_SW_THERMAL, THROTTLE_SYNC_BOOST};
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetViolationStatus, device, out, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    if (policy >= sizeof counted / sizeof *counted)
        return call_end(NVML_ERROR_NOT_SUPPORTED);
    out->referenceTime = (unsigned long long)epoch_us();
    out->violationTime = gpu->throttle_ns[counted[policy]] +
                         (unsigned long long)meters_read(gpu, monotonic_ns())->throttle_ns[counted[policy]];
    return call_end(NVML_SUCCESS);
}
