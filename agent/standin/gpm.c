/*
 * GPM: rates between two samples, and counters since boot.
 *
 * A sample is a copy of the meters. A rate is what an integral gained between the two, by time,
 * so a change in between shows in proportion, as it does on hardware.
 */
#include "call.h"
#include "meters.h"

#include <stdlib.h>

enum { METRIC_MAX = 477, LINK_RATE_FIRST = 62, LINK_RATE_LAST = 97 };

/* How a metric comes from the meters. */
enum metric_kind { NONE = 0, RATE, ELAPSED, CYCLES, BYTES };

struct metric {
    enum metric_kind kind;
    enum rate rate;
    const char *name, *unit;
};

/* Ids and units: nvml.h of CUDA 13.5. The units of the counters are ours, where the header gives none. */
static const struct metric METRICS[METRIC_MAX] = {
    [1] = {RATE, RATE_GRAPHICS, "Graphics Util", "%"},
    [2] = {RATE, RATE_SM, "SM Util", "%"},
    [3] = {RATE, RATE_OCCUPANCY, "SM Occupancy", "%"},
    [4] = {RATE, RATE_INTEGER, "Integer Util", "%"},
    [5] = {RATE, RATE_TENSOR, "Any Tensor Util", "%"},
    [6] = {RATE, RATE_DFMA, "DFMA Tensor Util", "%"},
    [7] = {RATE, RATE_HMMA, "HMMA Tensor Util", "%"},
    [8] = {RATE, RATE_DMMA, "DMMA Tensor Util", "%"},
    [9] = {RATE, RATE_IMMA, "IMMA Tensor Util", "%"},
    [10] = {RATE, RATE_DRAM, "DRAM BW Util", "%"},
    [11] = {RATE, RATE_FP64, "FP64 Util", "%"},
    [12] = {RATE, RATE_FP32, "FP32 Util", "%"},
    [13] = {RATE, RATE_FP16, "FP16 Util", "%"},
    [20] = {RATE, RATE_PCIE_TX, "PCIe TX", "MiB/sec"},
    [21] = {RATE, RATE_PCIE_RX, "PCIe RX", "MiB/sec"},
    [60] = {RATE, RATE_NVLINK_RX, "NvLink Total RX", "MiB/sec"},
    [61] = {RATE, RATE_NVLINK_TX, "NvLink Total TX", "MiB/sec"},
    [100] = {RATE, RATE_C2C_TX, "C2C Total TX", "MiB/sec"},
    [101] = {RATE, RATE_C2C_RX, "C2C Total RX", "MiB/sec"},
    [102] = {RATE, RATE_C2C_TX, "C2C Data TX", "MiB/sec"},
    [103] = {RATE, RATE_C2C_RX, "C2C Data RX", "MiB/sec"},
    [248] = {ELAPSED, 0, "SM Cycles Elapsed", "cycles"},
    [249] = {CYCLES, RATE_SM, "SM Cycles Active", "cycles"},
    [250] = {CYCLES, RATE_TENSOR, "MMA Cycles Active", "cycles"},
    [251] = {CYCLES, RATE_DMMA, "DMMA Cycles Active", "cycles"},
    [252] = {CYCLES, RATE_HMMA, "HMMA Cycles Active", "cycles"},
    [253] = {CYCLES, RATE_IMMA, "IMMA Cycles Active", "cycles"},
    [254] = {CYCLES, RATE_DFMA, "DFMA Cycles Active", "cycles"},
    [255] = {BYTES, RATE_PCIE_TX, "PCIe TX Total", "bytes"},
    [256] = {BYTES, RATE_PCIE_RX, "PCIe RX Total", "bytes"},
    [257] = {CYCLES, RATE_INTEGER, "Integer Cycles Active", "cycles"},
    [258] = {CYCLES, RATE_FP64, "FP64 Cycles Active", "cycles"},
    [259] = {CYCLES, RATE_FP32, "FP32 Cycles Active", "cycles"},
    [260] = {CYCLES, RATE_FP16, "FP16 Cycles Active", "cycles"},
};

static nvmlReturn_t rate(double gained, double seconds, double *out)
{
    if (seconds <= 0)
        return NVML_ERROR_NO_DATA; /* one sample, given twice */
    *out = gained / seconds;
    return NVML_SUCCESS;
}

/* 62 to 97: receive and transmit of each link in turn. */
static nvmlReturn_t link_rate(unsigned int id, const struct meters *one, const struct meters *two, double seconds,
                              double *out)
{
    unsigned int link = (id - LINK_RATE_FIRST) / 2;
    bool is_receive = (id - LINK_RATE_FIRST) % 2 == 0;
    double gained = is_receive ? two->link_rx_bytes[link] - one->link_rx_bytes[link]
                               : two->link_tx_bytes[link] - one->link_tx_bytes[link];

    return rate(gained / (double)MIB, seconds, out);
}

static nvmlReturn_t compute(unsigned int id, const struct meters *one, const struct meters *two, double *out)
{
    double seconds = (double)(two->read_at_ns - one->read_at_ns) / 1e9;
    const struct metric *metric = &METRICS[id < METRIC_MAX ? id : 0];

    if (id >= LINK_RATE_FIRST && id <= LINK_RATE_LAST)
        return link_rate(id, one, two, seconds, out);
    switch (metric->kind) {
    case RATE:
        return rate(two->integral[metric->rate] - one->integral[metric->rate], seconds, out);
    case ELAPSED:
        *out = two->cycles_elapsed;
        return NVML_SUCCESS;
    case CYCLES:
        *out = two->cycles[metric->rate];
        return NVML_SUCCESS;
    case BYTES:
        *out = two->integral[metric->rate] * (double)MIB;
        return NVML_SUCCESS;
    case NONE:
        break;
    }
    return NVML_ERROR_NOT_SUPPORTED;
}

static void fill(nvmlGpmMetric_t *out, const struct meters *one, const struct meters *two)
{
    const struct metric *metric = &METRICS[out->metricId < METRIC_MAX ? out->metricId : 0];

    out->value = 0;
    out->nvmlReturn = compute(out->metricId, one, two, &out->value);
    /* The struct's texts are not const, and nobody may write to them. */
    out->metricInfo.shortName = out->metricInfo.longName = (char *)(size_t)metric->name;
    out->metricInfo.unit = (char *)(size_t)metric->unit;
}

RULE(nvmlGpmMetricsGet);
nvmlReturn_t nvmlGpmMetricsGet(nvmlGpmMetricsGet_t *out)
{
    nvmlReturn_t code = call_begin(&rule_nvmlGpmMetricsGet, out);

    if (code != NVML_SUCCESS)
        return code;
    /* This struct's version is a plain 1, without its size. */
    if (out->version != 1)
        return call_end(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
    if (out->sample1 == NULL || out->sample2 == NULL || out->numMetrics > METRIC_MAX)
        return call_end(NVML_ERROR_INVALID_ARGUMENT);
    for (unsigned int i = 0; i < out->numMetrics; i++)
        fill(&out->metrics[i], &out->sample1->meters, &out->sample2->meters);
    return call_end(NVML_SUCCESS);
}

RULE(nvmlGpmSampleAlloc);
nvmlReturn_t nvmlGpmSampleAlloc(nvmlGpmSample_t *out)
{
    nvmlReturn_t code = call_begin(&rule_nvmlGpmSampleAlloc, out);

    if (code != NVML_SUCCESS)
        return code;
    *out = calloc(1, sizeof **out);
    return call_end(*out != NULL ? NVML_SUCCESS : NVML_ERROR_MEMORY);
}

RULE(nvmlGpmSampleFree);
nvmlReturn_t nvmlGpmSampleFree(nvmlGpmSample_t sample)
{
    nvmlReturn_t code = call_begin(&rule_nvmlGpmSampleFree, sample);

    if (code != NVML_SUCCESS)
        return code;
    free(sample);
    return call_end(NVML_SUCCESS);
}

RULE(nvmlGpmSampleGet);
nvmlReturn_t nvmlGpmSampleGet(nvmlDevice_t device, nvmlGpmSample_t sample)
{
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlGpmSampleGet, device, sample, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    sample->meters = *meters_read(gpu, monotonic_ns());
    return call_end(NVML_SUCCESS);
}

RULE(nvmlGpmQueryDeviceSupport);
nvmlReturn_t nvmlGpmQueryDeviceSupport(nvmlDevice_t device, nvmlGpmSupport_t *out)
{
    struct gpu *gpu;
    nvmlReturn_t code = call_begin_device(&rule_nvmlGpmQueryDeviceSupport, device, out, &gpu);

    if (code != NVML_SUCCESS)
        return code;
    if (out->version != 1)
        return call_end(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
    out->isSupportedDevice = !gpu->mig_mode; /* not on a MIG parent */
    return call_end(NVML_SUCCESS);
}

DEVICE_VALUE(nvmlGpmQueryIfStreamingEnabled, unsigned int, 0)
