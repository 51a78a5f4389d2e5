/* The control file: when to read it, and what its lines mean. */
#ifndef STANDIN_CONTROL_H
#define STANDIN_CONTROL_H

#include "state.h"

/* Read the control file now. NULL: it was refused, and a sentence on stderr says why. */
struct tray *control_load(void);
void control_release(struct tray *fresh);
/*
 * Read it if it changed and it is time to look. NULL: nothing new, or refused. Otherwise no
 * other thread looks until control_end_poll, so that two contents are taken over in their order.
 */
struct tray *control_poll(void);
void control_end_poll(struct tray *fresh);
/* Make the next poll look at the file, due or not. */
void control_expire(void);
/* Wait until the file may have changed, or at most so long; the next poll then looks. */
void control_await_change(long long microseconds);
/* In a forked child: the thread that was reading the file, if any, is not in this process. */
void control_after_fork(void);

/* Tell each call's rule what the control file says about it. Call with the lock held. */
void control_apply_overrides(const struct tray *tray);
bool control_knows_call(const char *name);

/* control_lines.c: one line into the tray; false fills problem with half a sentence. */
bool control_read_line(struct tray *tray, char *line, char *problem, unsigned int size);

/* control_keys.c: one "KEY VALUE" of a GPU, or of one of its links. */
bool control_set_gpu(struct gpu *gpu, const char *key, const char *value);
bool control_set_link(struct link *link, const char *key, const char *value);
bool control_read_unsigned(const char *text, unsigned long long highest, unsigned long long *out);

#endif
