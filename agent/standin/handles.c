/* Which GPUs there are, and how a caller gets hold of one. */
#include "call.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static unsigned int enumerated_count(void)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < GPU_MAX; i++)
        count += gpu_is_enumerated(i);
    return count;
}

static nvmlReturn_t read_count(struct call_rule *rule, unsigned int *out)
{
    nvmlReturn_t code = call_begin(rule, out);

    if (code != NVML_SUCCESS)
        return code;
    *out = enumerated_count();
    return call_end(NVML_SUCCESS);
}

RULE(nvmlDeviceGetCount);
RULE(nvmlDeviceGetCount_v2);
nvmlReturn_t nvmlDeviceGetCount(unsigned int *out) { return read_count(&rule_nvmlDeviceGetCount, out); }
nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *out) { return read_count(&rule_nvmlDeviceGetCount_v2, out); }

/* A lost GPU is still found: only calls on it fail. One that left the enumeration is not. */
typedef bool (*matcher)(unsigned int gpu, const void *wanted);

static nvmlReturn_t find(matcher matches, const void *wanted, nvmlReturn_t not_found, nvmlDevice_t *out)
{
    for (unsigned int i = 0; i < GPU_MAX; i++)
        if (gpu_is_enumerated(i) && matches(i, wanted)) {
            *out = gpu_handle(i);
            return NVML_SUCCESS;
        }
    return not_found;
}

static nvmlReturn_t look_up(struct call_rule *rule, matcher matches, const void *wanted, nvmlReturn_t not_found,
                            nvmlDevice_t *out)
{
    nvmlReturn_t code = call_begin(rule, out);

    if (code != NVML_SUCCESS)
        return code;
    return call_end(wanted == NULL ? NVML_ERROR_INVALID_ARGUMENT : find(matches, wanted, not_found, out));
}

static unsigned int place_of(unsigned int gpu)
{
    unsigned int place = 0;

    for (unsigned int i = 0; i < gpu; i++)
        place += gpu_is_enumerated(i);
    return place;
}

static bool has_place(unsigned int gpu, const void *wanted) { return place_of(gpu) == *(const unsigned int *)wanted; }

static bool has_uuid(unsigned int gpu, const void *wanted)
{
    return strcasecmp(call_tray()->gpu[gpu].uuid, wanted) == 0;
}

/* A UUID may be that of a MIG instance. */
static nvmlReturn_t find_by_uuid(const char *uuid, nvmlDevice_t *out)
{
    for (unsigned int i = 0; i < GPU_MAX; i++)
        for (unsigned int j = 0; gpu_is_enumerated(i) && j < call_tray()->gpu[i].instance_count; j++)
            if (strcasecmp(call_tray()->gpu[i].instance[j].uuid, uuid) == 0) {
                *out = instance_handle(i, j);
                return NVML_SUCCESS;
            }
    return find(has_uuid, uuid, NVML_ERROR_NOT_FOUND, out);
}

static bool has_serial(unsigned int gpu, const void *wanted)
{
    return strcmp(call_tray()->gpu[gpu].serial, wanted) == 0;
}

/* Callers write the domain with four or with eight digits. */
static bool has_bus_id(unsigned int gpu, const void *wanted)
{
    const struct gpu *place = &call_tray()->gpu[gpu];
    unsigned int domain, bus, device;

    return sscanf(wanted, "%x:%x:%x", &domain, &bus, &device) == 3 && domain == place->pci_domain &&
           bus == place->pci_bus && device == place->pci_device;
}

RULE(nvmlDeviceGetHandleByIndex);
RULE(nvmlDeviceGetHandleByIndex_v2);
nvmlReturn_t nvmlDeviceGetHandleByIndex(unsigned int index, nvmlDevice_t *device)
{
    return look_up(&rule_nvmlDeviceGetHandleByIndex, has_place, &index, NVML_ERROR_INVALID_ARGUMENT, device);
}
nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device)
{
    return look_up(&rule_nvmlDeviceGetHandleByIndex_v2, has_place, &index, NVML_ERROR_INVALID_ARGUMENT, device);
}

RULE(nvmlDeviceGetHandleBySerial);
nvmlReturn_t nvmlDeviceGetHandleBySerial(const char *serial, nvmlDevice_t *device)
{
    /* Two GPUs of a superchip share a serial number; the first of them is given. */
    return look_up(&rule_nvmlDeviceGetHandleBySerial, has_serial, serial, NVML_ERROR_NOT_FOUND, device);
}

RULE(nvmlDeviceGetHandleByUUID);
nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device)
{
    nvmlReturn_t code = call_begin(&rule_nvmlDeviceGetHandleByUUID, device);

    if (code != NVML_SUCCESS)
        return code;
    return call_end(uuid == NULL ? NVML_ERROR_INVALID_ARGUMENT : find_by_uuid(uuid, device));
}

RULE(nvmlDeviceGetHandleByUUIDV);
nvmlReturn_t nvmlDeviceGetHandleByUUIDV(const nvmlUUID_t *uuid, nvmlDevice_t *device)
{
    enum { ASCII = 1 };
    nvmlReturn_t code = call_begin(&rule_nvmlDeviceGetHandleByUUIDV, device);

    if (code != NVML_SUCCESS)
        return code;
    if (uuid == NULL)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    if (!is_version(&rule_nvmlDeviceGetHandleByUUIDV, uuid->version, sizeof *uuid, 1))
        return call_end(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
    if (uuid->type != ASCII || memchr(uuid->value.str, '\0', sizeof uuid->value.str) == NULL)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    return call_end(find_by_uuid(uuid->value.str, device));
}

RULE(nvmlDeviceGetHandleByPciBusId);
RULE(nvmlDeviceGetHandleByPciBusId_v2);
nvmlReturn_t nvmlDeviceGetHandleByPciBusId(const char *bus_id, nvmlDevice_t *device)
{
    return look_up(&rule_nvmlDeviceGetHandleByPciBusId, has_bus_id, bus_id, NVML_ERROR_NOT_FOUND, device);
}
nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, nvmlDevice_t *device)
{
    return look_up(&rule_nvmlDeviceGetHandleByPciBusId_v2, has_bus_id, bus_id, NVML_ERROR_NOT_FOUND, device);
}

DEVICE_VALUE(nvmlDeviceGetIndex, unsigned int, place_of(gpu_index(gpu)))
