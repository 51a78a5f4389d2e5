/*
 * What happened: a log that event sets read, each at its own pace.
 *
 * An event of the control file enters the log once, by its number; what stands in the file when
 * the library is initialised has happened before and is never told. A recovery action that
 * changed is told by itself, as the driver does. All calls need the lock.
 */
#ifndef STANDIN_EVENTS_H
#define STANDIN_EVENTS_H

#include "nvml_calls.h"
#include "state.h"

/* Put into the log what is new in the control file. is_init: nothing is, it only sets the mark. */
void events_take_over(const struct tray *old, const struct tray *fresh, bool is_init);

/* The number of the newest event; numbers of the log start at 1 and grow. */
unsigned long long events_newest(void);
/* The oldest event after this number, and its own number; NULL if there is none. */
const struct event *events_after(unsigned long long number, unsigned long long *found);

struct nvmlEventSet_st {
    unsigned long long mask[GPU_MAX];  /* event types asked for */
    unsigned long long since[GPU_MAX]; /* the newest event when they were */
    bool is_structured[GPU_MAX];       /* whether operational events were asked for */
    unsigned int min_severity[GPU_MAX], min_log_level[GPU_MAX];
    unsigned long long told; /* the last event this set was told */
    unsigned int times;      /* how often it was told the one after */
    /* The event that nvmlEventSetWait_v3 gave last. */
    bool has_extended_event;
    unsigned int context_xid; /* 0: it has no context record */
};

/* operational.c: whether a set asked for this event, and what it looks like then. */
bool operational_is_wanted(const struct nvmlEventSet_st *set, const struct event *event);
void operational_fill(nvmlEventSetWait_v3_t *out, const struct event *event, unsigned long long number);

#endif
