/* Answering a batch of fields. Each value has its own code: one that fails spoils no other. */
#include "fields.h"
#include "call.h"

static nvmlReturn_t read_member(const struct question *question, const struct field *field, nvmlValue_t *out)
{
    const char *place = (const char *)question->gpu + field->offset;

    out->ullVal = 0;
    if (field->type == VALUE_ULONGLONG)
        out->ullVal = *(const unsigned long long *)(const void *)place;
    else if (field->type == VALUE_DOUBLE)
        out->dVal = *(const double *)(const void *)place;
    else
        out->uiVal = *(const unsigned int *)(const void *)place;
    return NVML_SUCCESS;
}

static nvmlReturn_t read_field(const struct question *question, const struct field *field, nvmlValue_t *out)
{
    if (!field_is_of(question->gpu->model, question->id))
        return NVML_ERROR_NOT_SUPPORTED;
    switch (field->kind) {
    case FIELD_MEMBER:
        return read_member(question, field, out);
    case FIELD_READ:
        out->ullVal = 0;
        return field->read(question, out);
    case FIELD_ROOT:
        out->ullVal = 0;
        return call_tray()->is_root ? NVML_SUCCESS : NVML_ERROR_NO_PERMISSION;
    case FIELD_UNSUPPORTED:
        break;
    }
    return NVML_ERROR_NOT_SUPPORTED;
}

static void answer(const struct gpu *gpu, nvmlFieldValue_t *value, long long now_ns)
{
    struct question question = {gpu, value->fieldId, value->scopeId, now_ns};

    if (value->fieldId >= FIELD_MAX) {
        value->nvmlReturn = NVML_ERROR_INVALID_ARGUMENT;
        return;
    }
    value->valueType = FIELDS[value->fieldId].type;
    if (call_tray()->field_answer[value->fieldId] != 0)
        value->nvmlReturn = (nvmlReturn_t)call_tray()->field_answer[value->fieldId];
    else
        value->nvmlReturn = read_field(&question, &FIELDS[value->fieldId], &value->value);
}

RULE(nvmlDeviceGetFieldValues);
nvmlReturn_t nvmlDeviceGetFieldValues(nvmlDevice_t device, int count, nvmlFieldValue_t *values)
{
    struct gpu *gpu;
    long long entered_us = epoch_us(), now_us;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetFieldValues, device, values, &gpu);
    long long now_ns = monotonic_ns();

    if (code != NVML_SUCCESS)
        return code;
    if (count <= 0)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    now_us = epoch_us();
    for (int i = 0; i < count; i++) {
        answer(gpu, &values[i], now_ns);
        values[i].timestamp = now_us;
        /* nvml.h: may be averaged over the fields of one driver call, and never is 0 in practice. */
        values[i].latencyUsec = 1 + (now_us - entered_us) / count;
    }
    return call_end(NVML_SUCCESS);
}
