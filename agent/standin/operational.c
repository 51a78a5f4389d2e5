/*
 * GPU Operational Events: the structured form that drivers from R615 on have beside event bits.
 *
 * Off unless the control file says "operational_events 1", as with the driver of the capture. The
 * legacy Xid is the one context record that a tray here knows. What a driver puts into the other
 * members was not seen anywhere, so they stay at zero. Not verified on hardware.
 */
#include "call.h"
#include "control.h"
#include "events.h"

#include <string.h>

enum { LEVEL_NOTICE = 30, LEVEL_ERROR = 50, SEVERITY_RECOVERABLE = 30, GPU_OPERATIONAL_EVENT = 1, LEGACY_XID = 1 };

static unsigned int log_level(const struct event *event)
{
    return event->type >= SEVERITY_RECOVERABLE ? LEVEL_ERROR : LEVEL_NOTICE;
}

bool operational_is_wanted(const struct nvmlEventSet_st *set, const struct event *event)
{
    return set->is_structured[event->gpu] && event->type >= set->min_severity[event->gpu] &&
           log_level(event) >= set->min_log_level[event->gpu];
}

/* Names of modules: NVIDIA's release notes of R620, as far as they say which Xid belongs to which. */
static const char *source_module(unsigned long long xid)
{
    if (xid == 79)
        return "GPU-BUS";
    return xid >= 144 && xid <= 150 ? "GPU-NVLINK" : "GPU-RAS";
}

void operational_fill(nvmlEventSetWait_v3_t *out, const struct event *event, unsigned long long number)
{
    const char *module = source_module(event->data);

    out->dataType = GPU_OPERATIONAL_EVENT;
    out->eventType = out->eventData = 0;
    memcpy(out->sourceModule, module, strlen(module));
    out->instanceId = out->groupCursor = number;
    out->severity = (unsigned int)event->type;
    out->moduleEventCode = (unsigned int)event->data;
    out->logLevel = log_level(event);
    out->groupSize = 1;
}

static nvmlReturn_t subscribe(nvmlEventSet_t set, const nvmlGpuOperationalEventConfig_v1_t *config)
{
    for (unsigned int i = 0; i < GPU_MAX; i++) {
        const struct gpu *gpu = &call_tray()->gpu[i];
        if (!gpu_is_enumerated(i) || strncmp(gpu->uuid, config->uuid, sizeof config->uuid) != 0)
            continue;
        if (gpu->fault != NVML_SUCCESS)
            return (nvmlReturn_t)gpu->fault;
        set->is_structured[i] = true;
        set->min_severity[i] = config->minSeverity;
        set->min_log_level[i] = config->minLogLevel;
        return NVML_SUCCESS;
    }
    return NVML_ERROR_INVALID_ARGUMENT;
}

RULE(nvmlEventSetRegisterGpuOperationalEvents_v1);
nvmlReturn_t nvmlEventSetRegisterGpuOperationalEvents_v1(nvmlEventSet_t set,
                                                         const nvmlGpuOperationalEventConfig_v1_t *config)
{
    nvmlReturn_t code;

    control_expire();
    code = call_begin(&rule_nvmlEventSetRegisterGpuOperationalEvents_v1, config);
    if (code != NVML_SUCCESS)
        return code;
    if (!call_tray()->has_operational_events)
        return call_end(NVML_ERROR_NOT_SUPPORTED);
    return call_end(set == NULL ? NVML_ERROR_INVALID_ARGUMENT : subscribe(set, config));
}

/* Enter a call about the context of the event that the set was told last. */
static nvmlReturn_t begin_context(struct call_rule *rule, nvmlEventSet_t set, const void *params)
{
    nvmlReturn_t code = call_begin(rule, params);

    if (code != NVML_SUCCESS)
        return code;
    if (set == NULL)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    return set->has_extended_event ? NVML_SUCCESS : call_end(NVML_ERROR_NOT_FOUND);
}

/* There is at most one record, so any other index is out of range. */
static nvmlReturn_t check_index(nvmlEventSet_t set, unsigned int index)
{
    return set->context_xid != 0 && index == 0 ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}

RULE(nvmlEventSetGetContextCount_v1);
nvmlReturn_t nvmlEventSetGetContextCount_v1(nvmlEventSet_t set, nvmlEventSetGetContextCount_v1_t *out)
{
    nvmlReturn_t code = begin_context(&rule_nvmlEventSetGetContextCount_v1, set, out);

    if (code != NVML_SUCCESS)
        return code;
    out->count = set->context_xid != 0;
    return call_end(NVML_SUCCESS);
}

RULE(nvmlEventSetGetContextInfo_v1);
nvmlReturn_t nvmlEventSetGetContextInfo_v1(nvmlEventSet_t set, nvmlEventSetGetContextInfo_v1_t *out)
{
    nvmlReturn_t code = begin_context(&rule_nvmlEventSetGetContextInfo_v1, set, out);

    if (code != NVML_SUCCESS)
        return code;
    code = check_index(set, out->index);
    if (code == NVML_SUCCESS) {
        out->nvmlGpuOperationalEventContextType = LEGACY_XID;
        out->sourceEventContextType = LEGACY_XID;
        out->dataSize = sizeof set->context_xid;
        out->dataFormatVersion = 1;
    }
    return call_end(code);
}

RULE(nvmlEventSetGetContextData_v1);
nvmlReturn_t nvmlEventSetGetContextData_v1(nvmlEventSet_t set, nvmlEventSetGetContextData_v1_t *out)
{
    unsigned int room;
    nvmlReturn_t code = begin_context(&rule_nvmlEventSetGetContextData_v1, set, out);

    if (code != NVML_SUCCESS)
        return code;
    code = check_index(set, out->index);
    if (code != NVML_SUCCESS)
        return call_end(code);
    room = out->dataSize;
    out->dataSize = sizeof set->context_xid;
    if (out->data == NULL || room < out->dataSize)
        return call_end(NVML_ERROR_INSUFFICIENT_SIZE);
    memcpy(out->data, &set->context_xid, sizeof set->context_xid);
    return call_end(NVML_SUCCESS);
}

RULE(nvmlEventSetGetGpuOperationalEventContextLegacyXid_v1);
nvmlReturn_t nvmlEventSetGetGpuOperationalEventContextLegacyXid_v1(
    nvmlEventSet_t set, nvmlEventSetGetGpuOperationalEventContextLegacyXid_v1_t *out)
{
    nvmlReturn_t code = begin_context(&rule_nvmlEventSetGetGpuOperationalEventContextLegacyXid_v1, set, out);

    if (code != NVML_SUCCESS)
        return code;
    code = check_index(set, out->index);
    if (code == NVML_SUCCESS)
        out->xidCode = set->context_xid;
    return call_end(code);
}
