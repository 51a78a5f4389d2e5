/*
 * What happened: a log that event sets read, each at its own pace.
 *
 * An event of the control file enters the log once, by its number; what stands in the file when
 * the library is initialised has happened before and is never told. A recovery action that
 * changed is told by itself, as the driver does. All calls need the lock.
 */
#ifndef STANDIN_EVENTS_H
#define STANDIN_EVENTS_H

#include "state.h"

/* Put into the log what is new in the control file. is_init: nothing is, it only sets the mark. */
void events_take_over(const struct tray *old, const struct tray *fresh, bool is_init);

/* The number of the newest event; numbers of the log start at 1 and grow. */
unsigned long long events_newest(void);
/* The oldest event after this number, and its own number; NULL if there is none. */
const struct event *events_after(unsigned long long number, unsigned long long *found);

#endif
