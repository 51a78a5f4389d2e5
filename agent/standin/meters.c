/* Counters that run with real time; meters.h says how. */
#include "meters.h"
#include "call.h"

#include <string.h>

static struct meters meters[GPU_MAX];

/* The clock event reason bits whose time is counted, in the order of enum throttle. */
static const unsigned long long REASON[THROTTLE_COUNT] = {0x4, 0x10, 0x20, 0x40, 0x80};

static void advance_links(struct meters *meter, const struct gpu *gpu, double seconds)
{
    unsigned int active = 0;

    for (int i = 0; i < LINK_COUNT; i++)
        active += gpu->link[i].state == 1;
    for (int i = 0; i < LINK_COUNT && active > 0; i++) {
        if (gpu->link[i].state != 1)
            continue;
        meter->link_tx_bytes[i] += gpu->rate[RATE_NVLINK_TX] * (double)MIB * seconds / active;
        meter->link_rx_bytes[i] += gpu->rate[RATE_NVLINK_RX] * (double)MIB * seconds / active;
    }
}

static void advance(struct meters *meter, const struct gpu *gpu, long long now_ns)
{
    double seconds = (double)(now_ns - meter->read_at_ns) / 1e9;
    double cycles = gpu->clock[1] * 1e6 * seconds;

    meter->energy_millijoules += gpu->power * seconds;
    meter->cycles_elapsed += cycles;
    for (int i = 0; i < RATE_COUNT; i++) {
        meter->integral[i] += gpu->rate[i] * seconds;
        meter->cycles[i] += gpu->rate[i] / 100.0 * cycles;
    }
    for (int i = 0; i < THROTTLE_COUNT; i++)
        if (gpu->clock_event_reasons & REASON[i])
            meter->throttle_ns[i] += seconds * 1e9;
    advance_links(meter, gpu, seconds);
}

const struct meters *meters_read(const struct gpu *gpu, long long now_ns)
{
    struct meters *meter = &meters[gpu_index(gpu)];

    if (now_ns <= meter->read_at_ns)
        return meter;
    if (meter->read_at_ns != 0)
        advance(meter, gpu, now_ns);
    meter->read_at_ns = now_ns;
    return meter;
}

void meters_reset(void)
{
    long long now_ns = monotonic_ns();

    memset(meters, 0, sizeof meters);
    for (int i = 0; i < GPU_MAX; i++)
        meters[i].read_at_ns = now_ns;
}

void meters_advance_all(const struct tray *tray, long long now_ns)
{
    for (int i = 0; i < GPU_MAX; i++)
        meters_read(&tray->gpu[i], now_ns);
}
