/* Field values: what stands behind each field id of nvmlDeviceGetFieldValues. */
#ifndef STANDIN_FIELDS_H
#define STANDIN_FIELDS_H

#include "model.h"

#include <stddef.h>

struct question {
    const struct gpu *gpu;
    unsigned int id, scope;
    long long now_ns;
};

typedef nvmlReturn_t (*field_reader)(const struct question *question, nvmlValue_t *out);

enum field_kind {
    FIELD_UNSUPPORTED = 0, /* what the table does not list */
    FIELD_MEMBER,          /* stands as such in struct gpu */
    FIELD_READ,            /* has a reader */
    FIELD_ROOT             /* read by root alone; zero then */
};

struct field {
    enum field_kind kind;
    nvmlValueType_t type;
    size_t offset;
    field_reader read;
};

/* field_table.c */
extern const struct field FIELDS[FIELD_MAX];
/* Whether GPUs of this kind know a field at all. */
bool field_is_of(const struct model *model, unsigned int id);

#endif
