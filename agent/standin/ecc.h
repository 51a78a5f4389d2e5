/* Sums of ECC errors, as the calls and the fields give them. */
#ifndef STANDIN_ECC_H
#define STANDIN_ECC_H

#include "state.h"

/* life: 0 since the driver was loaded, 1 over the life of the board. */
unsigned long long ecc_total(const struct ecc *ecc, bool is_uncorrected, unsigned int life);

#endif
