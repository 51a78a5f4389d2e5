/* Event sets over the system: the driver let go of a GPU, or took one. */
#include "call.h"
#include "control.h"
#include "events.h"

#include <stdlib.h>

static const unsigned long long SUPPORTED = 0x3; /* unbind, bind */

struct nvmlSystemEventSet_st {
    unsigned long long mask;
    unsigned long long told; /* the last event of the log this set was told */
};

RULE(nvmlSystemEventSetCreate);
nvmlReturn_t nvmlSystemEventSetCreate(nvmlSystemEventSetCreateRequest_t *request)
{
    struct call_rule *rule = &rule_nvmlSystemEventSetCreate;
    nvmlReturn_t code = call_begin(rule, request);

    if (code != NVML_SUCCESS)
        return code;
    if (!is_version(rule, request->version, sizeof *request, 1))
        return call_end(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
    request->set = calloc(1, sizeof *request->set);
    return call_end(request->set != NULL ? NVML_SUCCESS : NVML_ERROR_MEMORY);
}

RULE(nvmlSystemEventSetFree);
nvmlReturn_t nvmlSystemEventSetFree(nvmlSystemEventSetFreeRequest_t *request)
{
    struct call_rule *rule = &rule_nvmlSystemEventSetFree;
    nvmlReturn_t code = call_begin(rule, request);

    if (code != NVML_SUCCESS)
        return code;
    if (!is_version(rule, request->version, sizeof *request, 1))
        return call_end(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
    free(request->set);
    return call_end(NVML_SUCCESS);
}

RULE(nvmlSystemRegisterEvents);
nvmlReturn_t nvmlSystemRegisterEvents(nvmlSystemRegisterEventRequest_t *request)
{
    struct call_rule *rule = &rule_nvmlSystemRegisterEvents;
    nvmlReturn_t code;

    control_expire();
    code = call_begin(rule, request);
    if (code != NVML_SUCCESS)
        return code;
    if (!is_version(rule, request->version, sizeof *request, 1))
        return call_end(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
    if (request->set == NULL || (request->eventTypes & ~SUPPORTED) != 0)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    if (request->set->mask == 0)
        request->set->told = events_newest();
    request->set->mask |= request->eventTypes;
    return call_end(NVML_SUCCESS);
}

/* gpuId "in PCI format": taken to be domain, bus and device, as in a board id. */
static unsigned int gpu_id(const struct gpu *gpu)
{
    return gpu->pci_domain << 16 | gpu->pci_bus << 8 | gpu->pci_device;
}

static void collect(nvmlSystemEventSetWaitRequest_t *request)
{
    const struct event *event;
    unsigned long long number;

    while (request->numEvent < request->dataSize &&
           (event = events_after(request->set->told, &number)) != NULL) {
        request->set->told = number;
        if (event->source == EVENT_SYSTEM && (request->set->mask & event->type) != 0)
            request->data[request->numEvent++] =
                (nvmlSystemEventData_v1_t){event->type, gpu_id(&call_tray()->gpu[event->gpu])};
    }
}

static nvmlReturn_t wait_for(nvmlSystemEventSetWaitRequest_t *request)
{
    long long end_ns = monotonic_ns() + request->timeoutms * 1000000LL;
    nvmlReturn_t code = NVML_SUCCESS;

    request->numEvent = 0;
    for (;;) {
        long long left_us;
        collect(request);
        left_us = (end_ns - monotonic_ns()) / 1000;
        if (code != NVML_SUCCESS || request->numEvent > 0)
            return code;
        if (left_us <= 0)
            return NVML_ERROR_TIMEOUT;
        code = call_await_change(left_us);
    }
}

RULE(nvmlSystemEventSetWait);
nvmlReturn_t nvmlSystemEventSetWait(nvmlSystemEventSetWaitRequest_t *request)
{
    struct call_rule *rule = &rule_nvmlSystemEventSetWait;
    nvmlReturn_t code = call_begin(rule, request);

    if (code != NVML_SUCCESS)
        return code;
    if (!is_version(rule, request->version, sizeof *request, 1))
        return call_end(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
    if (request->set == NULL || request->data == NULL || request->dataSize == 0)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    return call_end(wait_for(request));
}
