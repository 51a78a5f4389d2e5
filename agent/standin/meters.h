/*
 * What moves by itself: counters that run with real time under what the control file says.
 *
 * Energy is power times time, throttle time runs while its clock event reason is set, cycles
 * run with the SM clock, bytes with their rates. A counter starts at what the control file
 * gives as its base. All calls need the lock.
 */
#ifndef STANDIN_METERS_H
#define STANDIN_METERS_H

#include "state.h"

struct meters {
    long long read_at_ns; /* 0: never */
    double energy_millijoules;
    double throttle_ns[THROTTLE_COUNT];
    double integral[RATE_COUNT]; /* percent or MiB/s, times seconds */
    double cycles[RATE_COUNT];   /* clock cycles times the share of them that was active */
    double cycles_elapsed;
    double link_tx_bytes[LINK_COUNT], link_rx_bytes[LINK_COUNT];
};

/* What a GPM sample is: a copy. */
struct nvmlGpmSample_st {
    struct meters meters;
};

/* Bring one GPU's counters up to now and give them. */
const struct meters *meters_read(const struct gpu *gpu, long long now_ns);
/* Start anew, as after a load of the driver. */
void meters_reset(void);
void meters_advance_all(const struct tray *tray, long long now_ns);

#endif
