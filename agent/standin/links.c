/* PCIe, NVLink and the way from one GPU to another. */
#include "links.h"
#include "call.h"
#include "model.h"

#include <string.h>

DEVICE_VALUE(nvmlDeviceGetCurrPcieLinkGeneration, unsigned int, gpu->pcie_generation)
DEVICE_VALUE(nvmlDeviceGetMaxPcieLinkGeneration, unsigned int, gpu->pcie_generation_max)
DEVICE_VALUE(nvmlDeviceGetGpuMaxPcieLinkGeneration, unsigned int, gpu->model->pcie_generation)
DEVICE_VALUE(nvmlDeviceGetCurrPcieLinkWidth, unsigned int, gpu->pcie_width)
DEVICE_VALUE(nvmlDeviceGetMaxPcieLinkWidth, unsigned int, gpu->pcie_width_max)
DEVICE_VALUE(nvmlDeviceGetPcieReplayCounter, unsigned int, gpu->pcie_replays)

RULE(nvmlDeviceGetPcieThroughput);
nvmlReturn_t nvmlDeviceGetPcieThroughput(nvmlDevice_t device, nvmlPcieUtilCounter_t counter, unsigned int *out)
{
    enum { TRANSMIT = 0, RECEIVE = 1, WINDOW_US = 20000 };
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetPcieThroughput, device, out, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    if (counter > RECEIVE)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    /* nvml.h: the value is sampled over 20 ms, and the call takes as long. KB/s. */
    code = call_pause(WINDOW_US);
    *out = (unsigned int)(gpu->rate[counter == TRANSMIT ? RATE_PCIE_TX : RATE_PCIE_RX] * 1024.0);
    return call_end(code);
}

unsigned long long link_counter(const struct link *link, unsigned int field)
{
    if (field <= LINK_COUNTER_LAST)
        return link->counter[field - LINK_COUNTER_FIRST];
    if (field <= LINK_FEC_LAST)
        return link->counter[LINK_FEC_SLOT + field - LINK_FEC_FIRST];
    return link->counter[LINK_RAW_SLOT + field - LINK_RAW_FIRST];
}

/* A call that reads one number of one link. */
typedef unsigned int (*link_reader)(const struct gpu *gpu, const struct link *link);

static nvmlReturn_t read_link(struct call_rule *rule, nvmlDevice_t device, unsigned int link, link_reader read,
                              unsigned int *out)
{
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(rule, device, out, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    if (link >= LINK_COUNT)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    *out = read(gpu, &gpu->link[link]);
    return call_end(NVML_SUCCESS);
}

static unsigned int is_active(const struct gpu *gpu, const struct link *link)
{
    (void)gpu;
    return link->state != 0;
}

static unsigned int version(const struct gpu *gpu, const struct link *link)
{
    (void)link;
    return gpu->model->link_version;
}

static unsigned int remote_type(const struct gpu *gpu, const struct link *link)
{
    (void)gpu;
    (void)link;
    return 2; /* a switch */
}

RULE(nvmlDeviceGetNvLinkState);
nvmlReturn_t nvmlDeviceGetNvLinkState(nvmlDevice_t device, unsigned int link, nvmlEnableState_t *out)
{
    return read_link(&rule_nvmlDeviceGetNvLinkState, device, link, is_active, out);
}

RULE(nvmlDeviceGetNvLinkVersion);
nvmlReturn_t nvmlDeviceGetNvLinkVersion(nvmlDevice_t device, unsigned int link, unsigned int *out)
{
    return read_link(&rule_nvmlDeviceGetNvLinkVersion, device, link, version, out);
}

RULE(nvmlDeviceGetNvLinkRemoteDeviceType);
nvmlReturn_t nvmlDeviceGetNvLinkRemoteDeviceType(nvmlDevice_t device, unsigned int link,
                                                 nvmlIntNvLinkDeviceType_t *out)
{
    return read_link(&rule_nvmlDeviceGetNvLinkRemoteDeviceType, device, link, remote_type, out);
}

RULE(nvmlDeviceGetNvLinkCapability);
nvmlReturn_t nvmlDeviceGetNvLinkCapability(nvmlDevice_t device, unsigned int link, nvmlNvLinkCapability_t capability,
                                           unsigned int *out)
{
    /* P2P, sysmem access, P2P atomics, sysmem atomics, SLI bridge, valid. Our reading, not a capture's. */
    static const unsigned int capabilities[] = {1, 0, 1, 0, 0, 1};
    nvmlReturn_t code = read_link(&rule_nvmlDeviceGetNvLinkCapability, device, link, is_active, out);

    if (code != NVML_SUCCESS)
        return code;
    if (capability >= sizeof capabilities / sizeof *capabilities)
        return NVML_ERROR_INVALID_ARGUMENT;
    *out = capabilities[capability];
    return NVML_SUCCESS;
}

/* Encryption on NVLink is off; firmware versions are not in any capture, so none are listed. */
RULE(nvmlDeviceGetNvLinkInfo);
nvmlReturn_t nvmlDeviceGetNvLinkInfo(nvmlDevice_t device, nvmlNvLinkInfo_t *out)
{
    struct call_rule *rule = &rule_nvmlDeviceGetNvLinkInfo;
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(rule, device, out, &gpu);
    bool is_v2;

    if (code != NVML_SUCCESS)
        return code;
    is_v2 = is_version(rule, out->version, sizeof(nvmlNvLinkInfo_v2_t), 2);
    if (!is_v2 && !is_version(rule, out->version, sizeof(nvmlNvLinkInfo_v1_t), 1))
        return call_end(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
    out->isNvleEnabled = 0;
    if (is_v2)
        memset(&out->firmwareInfo, 0, sizeof out->firmwareInfo);
    return call_end(NVML_SUCCESS);
}

/* One bandwidth mode, full, which is also the best. */
static nvmlReturn_t read_supported_modes(const struct gpu *gpu, nvmlNvlinkSupportedBwModes_t *out)
{
    if (!is_blackwell(gpu))
        return NVML_ERROR_NOT_SUPPORTED;
    memset(out->bwModes, 0, sizeof out->bwModes);
    out->totalBwModes = 1;
    return NVML_SUCCESS;
}

static nvmlReturn_t read_mode(const struct gpu *gpu, nvmlNvlinkGetBwMode_t *out)
{
    if (!is_blackwell(gpu))
        return NVML_ERROR_NOT_SUPPORTED;
    out->bIsBest = 1;
    out->bwMode = 0;
    return NVML_SUCCESS;
}

DEVICE_READ_VERSION(nvmlDeviceGetNvlinkSupportedBwModes, nvmlNvlinkSupportedBwModes_t, 1, read_supported_modes)
DEVICE_READ_VERSION(nvmlDeviceGetNvlinkBwMode, nvmlNvlinkGetBwMode_t, 1, read_mode)

/* Enter with two GPUs; both must be there. */
static nvmlReturn_t begin_pair(struct call_rule *rule, nvmlDevice_t one, nvmlDevice_t other, const void *out,
                               struct gpu *pair[2])
{
    nvmlReturn_t code = call_begin_device(rule, one, out, &pair[0]);

    if (code != NVML_SUCCESS)
        return code;
    pair[1] = gpu_of_handle(other);
    return pair[1] != NULL ? NVML_SUCCESS : call_end(NVML_ERROR_INVALID_ARGUMENT);
}

RULE(nvmlDeviceGetTopologyCommonAncestor);
nvmlReturn_t nvmlDeviceGetTopologyCommonAncestor(nvmlDevice_t one, nvmlDevice_t other, nvmlGpuTopologyLevel_t *out)
{
    enum { NODE = 40, SYSTEM = 50 };
    struct gpu *pair[2];
    nvmlReturn_t code = begin_pair(&rule_nvmlDeviceGetTopologyCommonAncestor, one, other, out, pair);

    if (code != NVML_SUCCESS)
        return code;
    *out = superchip(gpu_index(pair[0])) == superchip(gpu_index(pair[1])) ? NODE : SYSTEM; /* H100: our reading */
    return call_end(NVML_SUCCESS);
}

RULE(nvmlDeviceGetP2PStatus);
nvmlReturn_t nvmlDeviceGetP2PStatus(nvmlDevice_t one, nvmlDevice_t other, nvmlGpuP2PCapsIndex_t index,
                                    nvmlGpuP2PStatus_t *out)
{
    enum { CAPABILITIES = 5, OK = 0 };
    struct gpu *pair[2];
    nvmlReturn_t code = begin_pair(&rule_nvmlDeviceGetP2PStatus, one, other, out, pair);

    if (code != NVML_SUCCESS)
        return code;
    *out = OK;
    return call_end(index < CAPABILITIES ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT);
}

RULE(nvmlDeviceOnSameBoard);
nvmlReturn_t nvmlDeviceOnSameBoard(nvmlDevice_t one, nvmlDevice_t other, int *out)
{
    struct gpu *pair[2];
    nvmlReturn_t code = begin_pair(&rule_nvmlDeviceOnSameBoard, one, other, out, pair);

    if (code != NVML_SUCCESS)
        return code;
    *out = 0; /* "multigpu_board No" in the capture */
    return call_end(NVML_SUCCESS);
}
