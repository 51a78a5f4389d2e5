/*
 * The lines of a control file. README.md beside this file describes them for whoever writes one.
 *
 * A line that is not understood is refused: a fault that was mistyped must not look like health.
 */
#include "control_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool refuse(struct line *line, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line->problem, line->problem_size, format, arguments);
    va_end(arguments);
    return false;
}

bool has_words(struct line *line, unsigned int lowest, unsigned int highest)
{
    if (line->count >= lowest && line->count <= highest)
        return true;
    return refuse(line, "\"%s\" takes %u to %u words and got %u", line->word[0], lowest - 1, highest - 1,
                  line->count - 1);
}

/* A number from 0 to highest at this place of the line. */
bool number(struct line *line, unsigned int place, unsigned long long highest, unsigned long long *out)
{
    if (control_read_unsigned(line->word[place], highest, out))
        return true;
    return refuse(line, "\"%s\" is not a number from 0 to %llu", line->word[place], highest);
}

/* A GPU by number, or "*" for all: the first and one past the last. */
static bool range(struct line *line, unsigned int place, unsigned int count, unsigned int *first, unsigned int *end)
{
    unsigned long long value;

    if (strcmp(line->word[place], "*") == 0) {
        *first = 0;
        *end = count;
        return true;
    }
    if (!number(line, place, count - 1, &value))
        return false;
    *first = (unsigned int)value;
    *end = *first + 1;
    return true;
}

/* gpu N link L KEY VALUE */
static bool set_link(struct line *line, struct gpu *gpu)
{
    unsigned int first, end;

    if (!has_words(line, 6, 6) || !range(line, 3, LINK_COUNT, &first, &end))
        return false;
    for (unsigned int i = first; i < end; i++)
        if (!control_set_link(&gpu->link[i], line->word[4], line->word[5]))
            return refuse(line, "\"%s %s\" is not a setting of a link", line->word[4], line->word[5]);
    return true;
}

/* gpu N process PID MIB [NAME] */
static bool add_process(struct line *line, struct gpu *gpu)
{
    struct process *process = &gpu->process[gpu->process_count];
    unsigned long long pid, mebibytes;

    if (!has_words(line, 5, 6) || !number(line, 3, 4194304, &pid) || !number(line, 4, 1ULL << 30, &mebibytes))
        return false;
    if (gpu->process_count == PROCESS_MAX)
        return refuse(line, "there is room for %d processes on a GPU", PROCESS_MAX);
    process->pid = (unsigned int)pid;
    process->memory_bytes = mebibytes * MIB;
    snprintf(process->name, sizeof process->name, "%s", line->count == 6 ? line->word[5] : "python3");
    gpu->process_count++;
    return true;
}

/* gpu N instance GPU_INSTANCE COMPUTE_INSTANCE MIB */
static bool add_instance(struct line *line, struct gpu *gpu)
{
    struct instance *instance = &gpu->instance[gpu->instance_count];
    unsigned long long gpu_instance, compute_instance, mebibytes;

    if (!has_words(line, 6, 6) || !number(line, 3, 31, &gpu_instance) || !number(line, 4, 7, &compute_instance) ||
        !number(line, 5, 1ULL << 30, &mebibytes))
        return false;
    if (gpu->instance_count == INSTANCE_MAX)
        return refuse(line, "there is room for %d instances on a GPU", INSTANCE_MAX);
    instance->gpu_instance = (unsigned int)gpu_instance;
    instance->compute_instance = (unsigned int)compute_instance;
    instance->memory_bytes = mebibytes * MIB;
    gpu->instance_count++;
    return true;
}

/* gpu N answers CODE */
static bool set_fault(struct line *line, struct gpu *gpu)
{
    unsigned long long code;

    if (!has_words(line, 4, 4) || !number(line, 3, NVML_ERROR_UNKNOWN, &code))
        return false;
    gpu->fault = (int)code;
    return true;
}

/* gpu N lost | hung | absent | reset_required */
static bool set_condition(struct line *line, struct gpu *gpu)
{
    const char *condition = line->word[2];

    if (strcmp(condition, "lost") == 0)
        gpu->fault = NVML_ERROR_GPU_IS_LOST;
    else if (strcmp(condition, "reset_required") == 0)
        gpu->fault = NVML_ERROR_RESET_REQUIRED;
    else if (strcmp(condition, "hung") == 0)
        gpu->hung = true;
    else if (strcmp(condition, "absent") == 0)
        gpu->absent = true;
    else
        return refuse(line, "\"%s\" is not a condition of a GPU, or its value is missing", condition);
    return true;
}

static bool set_one_gpu(struct line *line, struct gpu *gpu)
{
    if (strcmp(line->word[2], "link") == 0)
        return set_link(line, gpu);
    if (strcmp(line->word[2], "process") == 0)
        return add_process(line, gpu);
    if (strcmp(line->word[2], "instance") == 0)
        return add_instance(line, gpu);
    if (strcmp(line->word[2], "answers") == 0)
        return set_fault(line, gpu);
    if (line->count == 3)
        return set_condition(line, gpu);
    if (!has_words(line, 4, 4))
        return false;
    if (!control_set_gpu(gpu, line->word[2], line->word[3]))
        return refuse(line, "\"%s %s\" is not a setting of a GPU", line->word[2], line->word[3]);
    return true;
}

static bool read_gpu(struct line *line)
{
    unsigned int first, end;

    if (!has_words(line, 3, 6) || !range(line, 1, line->tray->gpu_count, &first, &end))
        return false;
    for (unsigned int i = first; i < end; i++)
        if (!set_one_gpu(line, &line->tray->gpu[i]))
            return false;
    return true;
}

static bool add_override(struct line *line, enum override_kind kind, unsigned int value)
{
    struct tray *tray = line->tray;
    struct override *override = &tray->override[tray->override_count];

    if (tray->override_count == OVERRIDE_MAX)
        return refuse(line, "there is room for %d lines about calls", OVERRIDE_MAX);
    if (strcmp(line->word[1], "*") != 0 && !control_knows_call(line->word[1]))
        return refuse(line, "\"%s\" is not a call of this library", line->word[1]);
    override->kind = kind;
    override->value = value;
    snprintf(override->call, sizeof override->call, "%s", line->word[1]);
    tray->override_count++;
    return true;
}

/* missing CALL */
static bool read_missing(struct line *line)
{
    return has_words(line, 2, 2) && add_override(line, OVERRIDE_ANSWER, NVML_ERROR_FUNCTION_NOT_FOUND);
}

static bool read_override(struct line *line, enum override_kind kind, unsigned long long highest)
{
    unsigned long long value;

    return has_words(line, 3, 3) && number(line, 2, highest, &value) && add_override(line, kind, (unsigned int)value);
}

/* answer CALL CODE */
static bool read_answer(struct line *line) { return read_override(line, OVERRIDE_ANSWER, NVML_ERROR_UNKNOWN); }
/* struct_version CALL VERSION */
static bool read_version(struct line *line) { return read_override(line, OVERRIDE_VERSION, 255); }
/* latency CALL MICROSECONDS */
static bool read_latency(struct line *line) { return read_override(line, OVERRIDE_LATENCY, 3600000000ULL); }

/* field ID CODE */
static bool read_field(struct line *line)
{
    unsigned long long id, code;

    if (!has_words(line, 3, 3) || !number(line, 1, FIELD_MAX - 1, &id) || !number(line, 2, NVML_ERROR_UNKNOWN, &code))
        return false;
    line->tray->field_answer[id] = (unsigned short)code;
    return true;
}

/* node NAME, rack NAME: names first, since they set what later lines may set otherwise */
static bool read_node(struct line *line)
{
    if (!has_words(line, 2, 2))
        return false;
    tray_name_node(line->tray, line->word[1]);
    return true;
}

static bool read_rack(struct line *line)
{
    if (!has_words(line, 2, 2))
        return false;
    tray_name_rack(line->tray, line->word[1]);
    return true;
}

static bool read_number(struct line *line, unsigned long long highest, unsigned int *out)
{
    unsigned long long value;

    if (!has_words(line, 2, 2) || !number(line, 1, highest, &value))
        return false;
    *out = (unsigned int)value;
    return true;
}

static bool read_count(struct line *line) { return read_number(line, line->tray->gpu_count, &line->tray->count); }
static bool read_cuda(struct line *line) { return read_number(line, 1000000, &line->tray->cuda_version); }
static bool read_cc_ready(struct line *line) { return read_number(line, 1, &line->tray->cc_ready); }
static bool read_cc_feature(struct line *line) { return read_number(line, 2, &line->tray->cc_feature); }
static bool read_cc_environment(struct line *line) { return read_number(line, 2, &line->tray->cc_environment); }

static bool read_loads(struct line *line) { return read_number(line, 1000000, &line->tray->driver_loads); }

static bool read_operational(struct line *line)
{
    return read_number(line, 1, &line->tray->has_operational_events);
}

/* profile NAME */
static bool read_profile(struct line *line)
{
    if (!has_words(line, 2, 2))
        return false;
    return tray_set_profile(line->tray, line->word[1]) || refuse(line, "there is no profile \"%s\"", line->word[1]);
}

/* permission root | user */
static bool read_permission(struct line *line)
{
    if (!has_words(line, 2, 2))
        return false;
    line->tray->is_root = strcmp(line->word[1], "root") == 0;
    if (!line->tray->is_root && strcmp(line->word[1], "user") != 0)
        return refuse(line, "\"%s\" is neither \"root\" nor \"user\"", line->word[1]);
    return true;
}

static bool read_driver(struct line *line)
{
    struct tray *tray = line->tray;

    if (!has_words(line, 2, 2))
        return false;
    snprintf(tray->driver_version, sizeof tray->driver_version, "%.79s", line->word[1]);
    snprintf(tray->nvml_version, sizeof tray->nvml_version, "%u.%.70s", tray->cuda_version / 1000, line->word[1]);
    return true;
}

static const struct {
    const char *name;
    bool (*read)(struct line *line);
} STATEMENTS[] = {
    {"profile", read_profile},
    {"gpu", read_gpu},
    {"event", read_event},
    {"count", read_count},
    {"node", read_node},
    {"rack", read_rack},
    {"missing", read_missing},
    {"answer", read_answer},
    {"struct_version", read_version},
    {"latency", read_latency},
    {"field", read_field},
    {"permission", read_permission},
    {"driver_version", read_driver},
    {"driver_loads", read_loads},
    {"operational_events", read_operational},
    {"cuda_version", read_cuda},
    {"confidential_computing_ready", read_cc_ready},
    {"confidential_computing_feature", read_cc_feature},
    {"confidential_computing_environment", read_cc_environment},
};

/* Cut the line at blanks; what follows a "#" is for the reader. */
static bool split(struct line *line, char *text)
{
    char *rest;

    text[strcspn(text, "#\n")] = '\0';
    for (char *word = strtok_r(text, " \t\r", &rest); word != NULL; word = strtok_r(NULL, " \t\r", &rest)) {
        if (line->count == WORD_MAX)
            return refuse(line, "there are more than %d words", WORD_MAX);
        line->word[line->count++] = word;
    }
    return true;
}

bool control_read_line(struct tray *tray, char *text, char *problem, unsigned int size)
{
    struct line line = {.tray = tray, .problem = problem, .problem_size = size};

    if (!split(&line, text))
        return false;
    if (line.count == 0)
        return true;
    for (size_t i = 0; i < sizeof STATEMENTS / sizeof *STATEMENTS; i++)
        if (strcmp(line.word[0], STATEMENTS[i].name) == 0)
            return STATEMENTS[i].read(&line);
    return refuse(&line, "\"%s\" is not a line of a control file", line.word[0]);
}
