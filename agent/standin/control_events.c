/* What happened, as the control file tells of it. */
#include "control_line.h"

#include <string.h>

/* Event names, and the bits nvml.h gives them. */
static const struct {
    const char *name;
    enum event_source source;
    unsigned long long type;
} EVENT_NAMES[] = {
    {"xid", EVENT_GPU, 0x8},
    {"single_bit_ecc_error", EVENT_GPU, 0x1},
    {"double_bit_ecc_error", EVENT_GPU, 0x2},
    {"performance_state", EVENT_GPU, 0x4},
    {"clock", EVENT_GPU, 0x10},
    {"power_source", EVENT_GPU, 0x80},
    {"mig_configuration", EVENT_GPU, 0x100},
    {"single_bit_ecc_storm", EVENT_GPU, 0x200},
    {"dram_retirement", EVENT_GPU, 0x400},
    {"dram_retirement_failure", EVENT_GPU, 0x800},
    {"nonfatal_poison", EVENT_GPU, 0x1000},
    {"fatal_poison", EVENT_GPU, 0x2000},
    {"gpu_unavailable", EVENT_GPU, 0x4000},
    {"recovery_action", EVENT_GPU, 0x8000},
    {"operational", EVENT_OPERATIONAL, 0},
    {"unbind", EVENT_SYSTEM, 0x1},
    {"bind", EVENT_SYSTEM, 0x2},
};

static bool name_event(struct line *line, struct event *event)
{
    for (size_t i = 0; i < sizeof EVENT_NAMES / sizeof *EVENT_NAMES; i++)
        if (strcmp(line->word[4], EVENT_NAMES[i].name) == 0) {
            event->source = EVENT_NAMES[i].source;
            event->type = EVENT_NAMES[i].type;
            return true;
        }
    return refuse(line, "\"%s\" is not an event", line->word[4]);
}

/* The last word: of an operational event how bad it is, of any other how often it happens. */
static bool read_manner(struct line *line, struct event *event)
{
    enum { INFORMATIONAL = 10, TIMES_MAX = 1000000 };
    unsigned long long value = event->source == EVENT_OPERATIONAL ? INFORMATIONAL : 1;

    if (line->count == 7 && !number(line, 6, TIMES_MAX, &value))
        return false;
    if (event->source == EVENT_OPERATIONAL)
        event->type = value;
    else
        event->times = (unsigned int)value;
    return true;
}

/* event NUMBER gpu N NAME [DATA [TIMES]], event NUMBER gpu N operational XID [SEVERITY] */
bool read_event(struct line *line)
{
    struct tray *tray = line->tray;
    struct event *event = &tray->event[tray->event_count];
    unsigned long long gpu, data = 0;

    if (!has_words(line, 5, 7))
        return false;
    if (tray->event_count == EVENT_MAX)
        return refuse(line, "there is room for %d events; drop the old ones", EVENT_MAX);
    if (strcmp(line->word[2], "gpu") != 0)
        return refuse(line, "\"%s\" stands where \"gpu\" belongs", line->word[2]);
    if (!number(line, 1, ~0ULL, &event->sequence) || !number(line, 3, tray->gpu_count - 1, &gpu) || !name_event(line, event))
        return false;
    if (line->count >= 6 && !number(line, 5, ~0ULL, &data))
        return false;
    if (!read_manner(line, event))
        return false;
    if (tray->event_count > 0 && event->sequence <= event[-1].sequence)
        return refuse(line, "event %llu does not follow event %llu", event->sequence, event[-1].sequence);
    event->gpu = (unsigned int)gpu;
    event->data = data;
    tray->event_count++;
    return true;
}
