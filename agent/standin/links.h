/* What the fields need of the links. */
#ifndef STANDIN_LINKS_H
#define STANDIN_LINKS_H

#include "state.h"

enum { NVLINK_VERSION_4 = 6, NVLINK_VERSION_5 = 7 };

/* The counter that this field reads; field is one of 201 to 222, 235 to 250, 289 to 295. */
unsigned long long link_counter(const struct link *link, unsigned int field);

#endif
