/* Calls about the host: versions, confidential computing, platform error records, error texts. */
#include "call.h"

#include <stdio.h>
#include <string.h>

#define SYSTEM_TEXT(call, expression)                                                                                \
    RULE(call);                                                                                                       \
    nvmlReturn_t call(char *out, unsigned int length)                                                                 \
    {                                                                                                                 \
        nvmlReturn_t code = call_begin(&rule_##call, out);                                                            \
        return code != NVML_SUCCESS ? code : call_end(copy_text(out, length, expression));                            \
    }

#define SYSTEM_VALUE(call, type, expression)                                                                         \
    RULE(call);                                                                                                       \
    nvmlReturn_t call(type *out)                                                                                      \
    {                                                                                                                 \
        nvmlReturn_t code = call_begin(&rule_##call, out);                                                            \
        if (code != NVML_SUCCESS)                                                                                     \
            return code;                                                                                              \
        *out = (type)(expression);                                                                                    \
        return call_end(NVML_SUCCESS);                                                                                \
    }

SYSTEM_TEXT(nvmlSystemGetDriverVersion, call_tray()->driver_version)
SYSTEM_TEXT(nvmlSystemGetNVMLVersion, call_tray()->nvml_version)
SYSTEM_VALUE(nvmlSystemGetCudaDriverVersion, int, call_tray()->cuda_version)
SYSTEM_VALUE(nvmlSystemGetCudaDriverVersion_v2, int, call_tray()->cuda_version)
SYSTEM_VALUE(nvmlSystemGetConfComputeGpusReadyState, unsigned int, call_tray()->cc_ready)
SYSTEM_VALUE(nvmlUnitGetCount, unsigned int, 0)           /* S-class chassis, long gone */
SYSTEM_VALUE(nvmlGetExcludedDeviceCount, unsigned int, 0)

RULE(nvmlSystemGetDriverBranch);
nvmlReturn_t nvmlSystemGetDriverBranch(nvmlSystemDriverBranchInfo_t *out, unsigned int length)
{
    struct call_rule *rule = &rule_nvmlSystemGetDriverBranch;
    char branch[16];
    nvmlReturn_t code = call_begin(rule, out);

    if (code != NVML_SUCCESS)
        return code;
    if (!is_version(rule, out->version, sizeof *out, 1))
        return call_end(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
    /* "r580_00" for 580.173.02: the form is known from other drivers, not from the capture. */
    snprintf(branch, sizeof branch, "r%.3s_00", call_tray()->driver_version);
    return call_end(copy_text(out->branch, length < sizeof out->branch ? length : sizeof out->branch, branch));
}

/* The names are the control file's; other processes are not ours to name. */
RULE(nvmlSystemGetProcessName);
nvmlReturn_t nvmlSystemGetProcessName(unsigned int pid, char *name, unsigned int length)
{
    nvmlReturn_t code = call_begin(&rule_nvmlSystemGetProcessName, name);

    if (code != NVML_SUCCESS)
        return code;
    for (unsigned int i = 0; i < GPU_MAX; i++)
        for (unsigned int j = 0; j < call_tray()->gpu[i].process_count; j++)
            if (call_tray()->gpu[i].process[j].pid == pid)
                return call_end(copy_text(name, length, call_tray()->gpu[i].process[j].name));
    return call_end(NVML_ERROR_NOT_FOUND);
}

/* Root alone may read platform error records, and there are none. */
RULE(nvmlSystemGetCPER_v1);
nvmlReturn_t nvmlSystemGetCPER_v1(nvmlGetCPER_v1_t *cper)
{
    nvmlReturn_t code = call_begin(&rule_nvmlSystemGetCPER_v1, cper);

    if (code != NVML_SUCCESS)
        return code;
    if (!call_tray()->is_root)
        return call_end(NVML_ERROR_NO_PERMISSION);
    if (cper->buffer == NULL && cper->bufferSize != 0)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    cper->bufferSize = 0;
    return call_end(NVML_SUCCESS);
}

RULE(nvmlSystemGetConfComputeCapabilities);
nvmlReturn_t nvmlSystemGetConfComputeCapabilities(nvmlConfComputeSystemCaps_t *out)
{
    nvmlReturn_t code = call_begin(&rule_nvmlSystemGetConfComputeCapabilities, out);

    if (code != NVML_SUCCESS)
        return code;
    out->cpuCaps = 0;
    out->gpusCaps = 1;
    return call_end(NVML_SUCCESS);
}

RULE(nvmlSystemGetConfComputeState);
nvmlReturn_t nvmlSystemGetConfComputeState(nvmlConfComputeSystemState_t *out)
{
    nvmlReturn_t code = call_begin(&rule_nvmlSystemGetConfComputeState, out);

    if (code != NVML_SUCCESS)
        return code;
    out->environment = call_tray()->cc_environment;
    out->ccFeature = call_tray()->cc_feature;
    out->devToolsMode = 0;
    return call_end(NVML_SUCCESS);
}

RULE(nvmlSystemGetConfComputeSettings);
nvmlReturn_t nvmlSystemGetConfComputeSettings(nvmlSystemConfComputeSettings_t *out)
{
    struct call_rule *rule = &rule_nvmlSystemGetConfComputeSettings;
    nvmlReturn_t code = call_begin(rule, out);

    if (code != NVML_SUCCESS)
        return code;
    if (!is_version(rule, out->version, sizeof *out, 1))
        return call_end(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
    out->environment = call_tray()->cc_environment;
    out->ccFeature = call_tray()->cc_feature;
    out->devToolsMode = out->multiGpuMode = 0;
    return call_end(NVML_SUCCESS);
}

/* Texts are ours; callers compare codes. */
static const struct {
    nvmlReturn_t code;
    const char *text;
} TEXTS[] = {
    {NVML_SUCCESS, "Success"},
    {NVML_ERROR_UNINITIALIZED, "Uninitialized"},
    {NVML_ERROR_INVALID_ARGUMENT, "Invalid Argument"},
    {NVML_ERROR_NOT_SUPPORTED, "Not Supported"},
    {NVML_ERROR_NO_PERMISSION, "Insufficient Permissions"},
    {NVML_ERROR_NOT_FOUND, "Not Found"},
    {NVML_ERROR_INSUFFICIENT_SIZE, "Insufficient Size"},
    {NVML_ERROR_TIMEOUT, "Timeout"},
    {NVML_ERROR_FUNCTION_NOT_FOUND, "Function Not Found"},
    {NVML_ERROR_GPU_IS_LOST, "GPU is lost"},
    {NVML_ERROR_RESET_REQUIRED, "GPU requires reset"},
    {NVML_ERROR_MEMORY, "Insufficient Memory"},
    {NVML_ERROR_NO_DATA, "No data"},
    {NVML_ERROR_ARGUMENT_VERSION_MISMATCH, "Argument version mismatch"},
};

const char *nvmlErrorString(nvmlReturn_t result)
{
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
        if (TEXTS[i].code == result)
            return TEXTS[i].text;
    return "Unknown Error";
}
