/* Where a GPU stands in its NVLink domain. Each version of the struct is the one before and more. */
#include "call.h"

#include <string.h>

static nvmlReturn_t read_fabric_v1(const struct gpu *gpu, nvmlGpuFabricInfo_t *out)
{
    memcpy(out->clusterUuid, gpu->cluster_uuid, sizeof out->clusterUuid);
    out->status = (nvmlReturn_t)gpu->fabric_status;
    out->cliqueId = gpu->clique;
    out->state = (nvmlGpuFabricState_t)gpu->fabric_state;
    return NVML_SUCCESS;
}

static nvmlReturn_t read_fabric_v4(const struct gpu *gpu, nvmlGpuFabricInfo_v4_t *out)
{
    memset(out, 0, sizeof *out);
    memcpy(out->clusterUuid, gpu->cluster_uuid, sizeof out->clusterUuid);
    out->status = (nvmlReturn_t)gpu->fabric_status;
    out->cliques[0].id = gpu->clique; /* type 0: unicast pointers */
    out->numCliques = 1;
    out->state = (nvmlGpuFabricState_t)gpu->fabric_state;
    out->healthMask = gpu->fabric_mask;
    out->healthSummary = (unsigned char)gpu->fabric_summary;
    return NVML_SUCCESS;
}

/* A caller with the second version has no room for the summary: write no byte past its size. */
static void read_fabric_v2(const struct gpu *gpu, nvmlGpuFabricInfo_v2_t *out)
{
    memcpy(out->clusterUuid, gpu->cluster_uuid, sizeof out->clusterUuid);
    out->status = (nvmlReturn_t)gpu->fabric_status;
    out->cliqueId = gpu->clique;
    out->state = (nvmlGpuFabricState_t)gpu->fabric_state;
    out->healthMask = gpu->fabric_mask;
}

DEVICE_READ(nvmlDeviceGetGpuFabricInfo, nvmlGpuFabricInfo_t, read_fabric_v1)
DEVICE_READ(nvmlDeviceGetGpuFabricInfo_v4, nvmlGpuFabricInfo_v4_t, read_fabric_v4)

RULE(nvmlDeviceGetGpuFabricInfoV);
nvmlReturn_t nvmlDeviceGetGpuFabricInfoV(nvmlDevice_t device, nvmlGpuFabricInfoV_t *out)
{
    struct call_rule *rule = &rule_nvmlDeviceGetGpuFabricInfoV;
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(rule, device, out, &gpu);
    bool is_v3;

    if (code != NVML_SUCCESS)
        return code;
    is_v3 = is_version(rule, out->version, sizeof(nvmlGpuFabricInfo_v3_t), 3);
    if (!is_v3 && !is_version(rule, out->version, sizeof(nvmlGpuFabricInfo_v2_t), 2))
        return call_end(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
    read_fabric_v2(gpu, (nvmlGpuFabricInfo_v2_t *)(void *)out);
    if (is_v3)
        out->healthSummary = (unsigned char)gpu->fabric_summary;
    return call_end(NVML_SUCCESS);
}
