/* Who a GPU is and where it sits. Constants are those of the capture that profile.c names. */
#include "call.h"
#include "model.h"

#include <stdio.h>
#include <string.h>

/* Of a MIG instance: its own UUID, and the GPU's name. */
RULE(nvmlDeviceGetUUID);
nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *out, unsigned int length)
{
    struct gpu *gpu;
    struct instance *instance;
    nvmlReturn_t code = call_begin_instance(&rule_nvmlDeviceGetUUID, device, out, &gpu, &instance);

    if (code != NVML_SUCCESS)
        return code;
    return call_end(copy_text(out, length, instance != NULL ? instance->uuid : gpu->uuid));
}

DEVICE_TEXT(nvmlDeviceGetName, gpu->name)
DEVICE_TEXT(nvmlDeviceGetSerial, gpu->serial)
DEVICE_TEXT(nvmlDeviceGetBoardPartNumber, gpu->board_part_number)
DEVICE_TEXT(nvmlDeviceGetVbiosVersion, gpu->vbios)
DEVICE_TEXT(nvmlDeviceGetInforomImageVersion, gpu->model->inforom)

/* gpuId in PCI format: domain, bus and device; 0x80600 for 0008:06:00 in the capture. */
static unsigned int board_id(const struct gpu *gpu)
{
    return gpu->pci_domain << 16 | gpu->pci_bus << 8 | gpu->pci_device;
}

DEVICE_VALUE(nvmlDeviceGetBrand, nvmlBrandType_t, 14)                  /* NVIDIA */
DEVICE_VALUE(nvmlDeviceGetArchitecture, nvmlDeviceArchitecture_t, gpu->model->architecture)
DEVICE_VALUE(nvmlDeviceGetBusType, nvmlBusType_t, 2)                   /* PCIe */
DEVICE_VALUE(nvmlDeviceGetMinorNumber, unsigned int, gpu->minor)
DEVICE_VALUE(nvmlDeviceGetModuleId, unsigned int, gpu->module_id)
DEVICE_VALUE(nvmlDeviceGetBoardId, unsigned int, board_id(gpu))
DEVICE_VALUE(nvmlDeviceGetMultiGpuBoard, unsigned int, 0)

RULE(nvmlDeviceGetInforomVersion);
nvmlReturn_t nvmlDeviceGetInforomVersion(nvmlDevice_t device, nvmlInforomObject_t object, char *out,
                                         unsigned int length)
{
    static const char *const versions[] = {"2.1", "7.16"}; /* OEM, ECC; power reads N/A in the capture */
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetInforomVersion, device, out, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    if (object >= sizeof versions / sizeof *versions)
        return call_end(NVML_ERROR_NOT_SUPPORTED);
    return call_end(copy_text(out, length, versions[object]));
}

RULE(nvmlDeviceGetGspFirmwareVersion);
nvmlReturn_t nvmlDeviceGetGspFirmwareVersion(nvmlDevice_t device, char *out)
{
    enum { BUFFER_SIZE = 0x40 }; /* NVML_GSP_FIRMWARE_VERSION_BUF_SIZE */
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetGspFirmwareVersion, device, out, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    return call_end(copy_text(out, BUFFER_SIZE, call_tray()->driver_version));
}

RULE(nvmlDeviceGetGspFirmwareMode);
nvmlReturn_t nvmlDeviceGetGspFirmwareMode(nvmlDevice_t device, unsigned int *enabled, unsigned int *by_default)
{
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetGspFirmwareMode, device, enabled, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    *enabled = 1;
    if (by_default != NULL)
        *by_default = 1;
    return call_end(NVML_SUCCESS);
}

RULE(nvmlDeviceGetCudaComputeCapability);
nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor)
{
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlDeviceGetCudaComputeCapability, device, major, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    if (minor == NULL)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    *major = gpu->model->cuda_capability[0];
    *minor = gpu->model->cuda_capability[1];
    return call_end(NVML_SUCCESS);
}

static nvmlReturn_t read_pci(const struct gpu *gpu, nvmlPciInfo_t *out)
{
    memset(out, 0, sizeof *out);
    out->domain = gpu->pci_domain;
    out->bus = gpu->pci_bus;
    out->device = gpu->pci_device;
    out->pciDeviceId = gpu->model->pci_device_id;
    out->pciSubSystemId = gpu->model->pci_subsystem_id;
    snprintf(out->busIdLegacy, sizeof out->busIdLegacy, "%04X:%02X:%02X.0", out->domain & 0xffff, out->bus & 0xff,
             out->device & 0xff);
    snprintf(out->busId, sizeof out->busId, "%08X:%02X:%02X.0", out->domain, out->bus, out->device);
    return NVML_SUCCESS;
}

static nvmlReturn_t read_pci_ext(const struct gpu *gpu, nvmlPciInfoExt_t *out)
{
    nvmlPciInfo_t plain;

    read_pci(gpu, &plain);
    out->domain = plain.domain;
    out->bus = plain.bus;
    out->device = plain.device;
    out->pciDeviceId = plain.pciDeviceId;
    out->pciSubSystemId = plain.pciSubSystemId;
    out->baseClass = 3;
    out->subClass = 2;
    memcpy(out->busId, plain.busId, sizeof out->busId);
    return NVML_SUCCESS;
}

DEVICE_READ(nvmlDeviceGetPciInfo, nvmlPciInfo_t, read_pci)
DEVICE_READ(nvmlDeviceGetPciInfo_v2, nvmlPciInfo_t, read_pci)
DEVICE_READ(nvmlDeviceGetPciInfo_v3, nvmlPciInfo_t, read_pci)
DEVICE_READ_VERSION(nvmlDeviceGetPciInfoExt, nvmlPciInfoExt_t, 1, read_pci_ext)

/* Both versions are 44 bytes and put the same things in the same places but for the chassis. */
static void read_platform(const struct gpu *gpu, nvmlPlatformInfo_v2_t *out)
{
    memcpy(out->ibGuid, gpu->ib_guid, sizeof out->ibGuid);
    memset(out->chassisSerialNumber, 0, sizeof out->chassisSerialNumber);
    memcpy(out->chassisSerialNumber, gpu->chassis_serial, strnlen(gpu->chassis_serial, 16));
    out->slotNumber = (unsigned char)gpu->slot_number;
    out->trayIndex = (unsigned char)gpu->tray_index;
    out->hostId = (unsigned char)gpu->host_id;
    out->peerType = (unsigned char)gpu->peer_type;
    out->moduleId = (unsigned char)gpu->module_id;
}

RULE(nvmlDeviceGetPlatformInfo);
nvmlReturn_t nvmlDeviceGetPlatformInfo(nvmlDevice_t device, nvmlPlatformInfo_t *out)
{
    struct call_rule *rule = &rule_nvmlDeviceGetPlatformInfo;
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(rule, device, out, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    if (!is_blackwell(gpu))
        return call_end(NVML_ERROR_NOT_SUPPORTED);
    if (!is_version(rule, out->version, sizeof(nvmlPlatformInfo_v2_t), 2) &&
        !is_version(rule, out->version, sizeof(nvmlPlatformInfo_v1_t), 1))
        return call_end(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
    read_platform(gpu, out);
    return call_end(NVML_SUCCESS);
}

static nvmlReturn_t read_pdi(const struct gpu *gpu, nvmlPdi_t *out)
{
    out->value = gpu->pdi;
    return NVML_SUCCESS;
}

static nvmlReturn_t read_hostname(const struct gpu *gpu, nvmlHostname_v1_t *out)
{
    memcpy(out->value, gpu->hostname, sizeof out->value);
    return NVML_SUCCESS;
}

static nvmlReturn_t read_addressing_mode(const struct gpu *gpu, nvmlDeviceAddressingMode_t *out)
{
    out->value = gpu->model->addressing_mode;
    return NVML_SUCCESS;
}

static nvmlReturn_t read_c2c_mode(const struct gpu *gpu, nvmlC2cModeInfo_v1_t *out)
{
    out->isC2cEnabled = gpu->model->has_superchips;
    return NVML_SUCCESS;
}

static nvmlReturn_t read_capabilities(const struct gpu *gpu, nvmlDeviceCapabilities_t *out)
{
    (void)gpu;
    out->capMask = 0; /* EGM, the one capability there is a bit for, is disabled */
    return NVML_SUCCESS;
}

DEVICE_READ_VERSION(nvmlDeviceGetPdi, nvmlPdi_t, 1, read_pdi)
DEVICE_READ(nvmlDeviceGetHostname_v1, nvmlHostname_v1_t, read_hostname)
DEVICE_READ_VERSION(nvmlDeviceGetAddressingMode, nvmlDeviceAddressingMode_t, 1, read_addressing_mode)
DEVICE_READ(nvmlDeviceGetC2cModeInfoV, nvmlC2cModeInfo_v1_t, read_c2c_mode)
DEVICE_READ_VERSION(nvmlDeviceGetCapabilities, nvmlDeviceCapabilities_t, 1, read_capabilities)
