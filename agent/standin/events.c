/* The event log, and event sets over GPUs. */
#include "events.h"
#include "call.h"
#include "control.h"

#include <stdlib.h>
#include <string.h>

/* A set that lags by more than this loses the oldest. */
enum { LOG_SIZE = 1024 };

static const unsigned long long RECOVERY_ACTION = 0x8000;
static const unsigned long long SUPPORTED = 0xff9f; /* every bit nvml.h names */

static struct event journal[LOG_SIZE];
static unsigned long long newest;        /* our numbering */
static unsigned long long last_sequence; /* the control file's */

static void append(const struct event *event)
{
    newest++;
    journal[newest % LOG_SIZE] = *event;
}

static void tell_recovery_actions(const struct tray *old, const struct tray *fresh)
{
    for (unsigned int i = 0; i < GPU_MAX; i++)
        if (old->gpu[i].recovery_action != fresh->gpu[i].recovery_action)
            append(&(struct event){
                .source = EVENT_GPU, .gpu = i, .type = RECOVERY_ACTION, .at_us = fresh->written_us});
}

void events_take_over(const struct tray *old, const struct tray *fresh, bool is_init)
{
    if (is_init)
        last_sequence = 0;
    for (unsigned int i = 0; i < fresh->event_count; i++) {
        if (fresh->event[i].sequence <= last_sequence)
            continue;
        last_sequence = fresh->event[i].sequence;
        if (!is_init) {
            append(&fresh->event[i]);
            journal[newest % LOG_SIZE].at_us = fresh->written_us;
        }
    }
    if (!is_init)
        tell_recovery_actions(old, fresh);
}

unsigned long long events_newest(void) { return newest; }

const struct event *events_after(unsigned long long number, unsigned long long *found)
{
    unsigned long long oldest = newest >= LOG_SIZE ? newest - LOG_SIZE + 1 : 1;

    *found = number + 1 > oldest ? number + 1 : oldest;
    return *found <= newest ? &journal[*found % LOG_SIZE] : NULL;
}

RULE(nvmlEventSetCreate);
nvmlReturn_t nvmlEventSetCreate(nvmlEventSet_t *out)
{
    nvmlReturn_t code = call_begin(&rule_nvmlEventSetCreate, out);

    if (code != NVML_SUCCESS)
        return code;
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return call_end(NVML_ERROR_MEMORY);
    (*out)->told = newest;
    return call_end(NVML_SUCCESS);
}

RULE(nvmlEventSetFree);
nvmlReturn_t nvmlEventSetFree(nvmlEventSet_t set)
{
    nvmlReturn_t code = call_begin(&rule_nvmlEventSetFree, set);

    if (code != NVML_SUCCESS)
        return code;
    free(set);
    return call_end(NVML_SUCCESS);
}

RULE(nvmlDeviceRegisterEvents);
nvmlReturn_t nvmlDeviceRegisterEvents(nvmlDevice_t device, unsigned long long types, nvmlEventSet_t set)
{
    struct gpu *gpu;
    nvmlReturn_t code;

    /* What stands in the control file now happened before, even if it was not due to be read yet. */
    control_expire();
    code = call_begin_device(&rule_nvmlDeviceRegisterEvents, device, set, &gpu);
    if (code != NVML_SUCCESS)
        return code;
    if ((types & ~SUPPORTED) != 0)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    if (set->mask[gpu_index(gpu)] == 0)
        set->since[gpu_index(gpu)] = newest;
    set->mask[gpu_index(gpu)] |= types;
    return call_end(NVML_SUCCESS);
}

DEVICE_VALUE(nvmlDeviceGetSupportedEventTypes, unsigned long long, SUPPORTED)

static bool is_wanted(nvmlEventSet_t set, const struct event *event, unsigned long long number, bool is_extended)
{
    if (event->source == EVENT_OPERATIONAL)
        return is_extended && operational_is_wanted(set, event);
    return event->source == EVENT_GPU && (set->mask[event->gpu] & event->type) != 0 && number > set->since[event->gpu];
}

/*
 * The next event this set asked for, which counts as told from now on; NULL if there is none. One
 * that happened many times is told as often. Only the extended wait has a form for operational ones.
 */
static const struct event *next_event(nvmlEventSet_t set, bool is_extended, unsigned long long *number)
{
    const struct event *event;

    while ((event = events_after(set->told, number)) != NULL) {
        bool wanted = is_wanted(set, event, *number, is_extended);
        if (wanted && ++set->times < event->times)
            return event;
        set->told = *number;
        set->times = 0;
        if (wanted)
            return event;
    }
    return NULL;
}

static bool watches_lost_gpu(nvmlEventSet_t set)
{
    for (unsigned int i = 0; i < GPU_MAX; i++)
        if ((set->mask[i] != 0 || set->is_structured[i]) &&
            (call_tray()->gpu[i].fault == NVML_ERROR_GPU_IS_LOST || !gpu_is_enumerated(i)))
            return true;
    return false;
}

/*
 * Wait for an event, with the lock held on return. Events come before a loss is told, because
 * the Xid that explains it should arrive; after them every wait answers "lost" at once, which
 * is the worst that nvml.h allows, and what a caller must not spin on.
 */
static nvmlReturn_t wait_for(nvmlEventSet_t set, unsigned int timeout_ms, bool is_extended,
                             const struct event **out, unsigned long long *number)
{
    long long end_ns = monotonic_ns() + timeout_ms * 1000000LL;
    nvmlReturn_t code = NVML_SUCCESS;

    while (code == NVML_SUCCESS && (*out = next_event(set, is_extended, number)) == NULL) {
        long long left_us = (end_ns - monotonic_ns()) / 1000;
        if (watches_lost_gpu(set))
            return NVML_ERROR_GPU_IS_LOST;
        if (left_us <= 0)
            return NVML_ERROR_TIMEOUT;
        code = call_await_change(left_us);
    }
    return code;
}

static nvmlReturn_t wait_v2(struct call_rule *rule, nvmlEventSet_t set, nvmlEventData_t *out, unsigned int timeout_ms)
{
    const struct event *event;
    unsigned long long number;
    nvmlReturn_t code = call_begin(rule, out);

    if (code != NVML_SUCCESS)
        return code;
    if (set == NULL)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    code = wait_for(set, timeout_ms, false, &event, &number);
    if (code == NVML_SUCCESS)
        *out = (nvmlEventData_t){gpu_handle(event->gpu), event->type, event->data, ~0U, ~0U};
    return call_end(code);
}

RULE(nvmlEventSetWait);
RULE(nvmlEventSetWait_v2);
nvmlReturn_t nvmlEventSetWait(nvmlEventSet_t set, nvmlEventData_t *out, unsigned int timeout_ms)
{
    return wait_v2(&rule_nvmlEventSetWait, set, out, timeout_ms);
}
nvmlReturn_t nvmlEventSetWait_v2(nvmlEventSet_t set, nvmlEventData_t *out, unsigned int timeout_ms)
{
    return wait_v2(&rule_nvmlEventSetWait_v2, set, out, timeout_ms);
}

/* The extended form of an event bit: nvml.h has the structured members at 0 then. */
static void fill_extended(nvmlEventSetWait_v3_t *out, const struct event *event)
{
    unsigned int timeout_ms = out->timeoutMs;

    memset(out, 0, sizeof *out);
    out->timeoutMs = timeout_ms;
    memcpy(out->uuid, call_tray()->gpu[event->gpu].uuid, sizeof call_tray()->gpu[event->gpu].uuid);
    out->eventType = event->type;
    out->eventData = event->data;
    out->timestampUsec = (unsigned long long)event->at_us;
    out->gpuInstanceId = out->computeInstanceId = ~0U;
}

static void give_extended(nvmlEventSet_t set, nvmlEventSetWait_v3_t *out, const struct event *event,
                          unsigned long long number)
{
    fill_extended(out, event);
    set->has_extended_event = true;
    set->context_xid = 0;
    if (event->source == EVENT_OPERATIONAL) {
        operational_fill(out, event, number);
        set->context_xid = (unsigned int)event->data;
    }
}

RULE(nvmlEventSetWait_v3);
nvmlReturn_t nvmlEventSetWait_v3(nvmlEventSet_t set, nvmlEventSetWait_v3_t *out)
{
    const struct event *event;
    unsigned long long number;
    nvmlReturn_t code = call_begin(&rule_nvmlEventSetWait_v3, out);

    if (code != NVML_SUCCESS)
        return code;
    if (set == NULL)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    code = wait_for(set, out->timeoutMs, true, &event, &number);
    if (code == NVML_SUCCESS)
        give_extended(set, out, event, number);
    return call_end(code);
}
