/*
 * When to read the control file.
 *
 * Its path stands in GPUSLA_STANDIN_CONTROL. It is looked at when the library is initialised
 * and then, from whatever call comes along, at most every 20 ms (GPUSLA_STANDIN_CHECK_MS): one
 * stat. Writers rename a finished file into place, so what is read is always whole. There is no
 * thread of our own: the library must survive fork and must not keep a process alive.
 */
#include "control.h"
#include "call.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CHECK_MS = 20, LOOK_US = 50000, PROBLEM_SIZE = 160, LINE_SIZE = 512 };

/* What tells one content of the file from another. */
struct identity {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
};

static struct identity seen;
static atomic_llong next_check_ns;
static atomic_flag is_polling = ATOMIC_FLAG_INIT;

static const char *control_path(void)
{
    const char *path = getenv("GPUSLA_STANDIN_CONTROL");

    return path != NULL && *path != '\0' ? path : NULL;
}

static long long check_interval_ns(void)
{
    const char *text = getenv("GPUSLA_STANDIN_CHECK_MS");

    return (text != NULL ? atoll(text) : CHECK_MS) * 1000000LL;
}

/* A file that is not there has no identity: all zeros. */
static struct identity identify(const char *path)
{
    struct identity identity;
    struct stat status;

    memset(&identity, 0, sizeof identity);
    if (stat(path, &status) == 0) {
        identity.device = status.st_dev;
        identity.inode = status.st_ino;
        identity.size = status.st_size;
        identity.modified = status.st_mtim;
    }
    return identity;
}

static bool read_lines(struct tray *tray, FILE *file, const char *path)
{
    char line[LINE_SIZE], problem[PROBLEM_SIZE];

    for (unsigned int number = 1; fgets(line, sizeof line, file) != NULL; number++) {
        if (strchr(line, '\n') == NULL && !feof(file))
            snprintf(problem, sizeof problem, "is longer than %d characters", LINE_SIZE - 2);
        else if (control_read_line(tray, line, problem, sizeof problem))
            continue;
        fprintf(stderr, "gpusla stand-in: %s:%u: %s; agent/standin/README.md lists the lines there are.\n", path,
                number, problem);
        return false;
    }
    return true;
}

static bool read_file(struct tray *tray, const char *path)
{
    FILE *file = fopen(path, "re");
    bool is_read;

    if (file == NULL) {
        fprintf(stderr, "gpusla stand-in: %s: %s; the tray is healthy and idle.\n", path, strerror(errno));
        return errno == ENOENT;
    }
    is_read = read_lines(tray, file, path);
    fclose(file);
    return is_read;
}

struct tray *control_load(void)
{
    const char *path = control_path();
    struct tray *tray = malloc(sizeof *tray);

    if (tray == NULL)
        return NULL;
    tray_set_defaults(tray);
    if (path != NULL) {
        seen = identify(path);
        if (!read_file(tray, path)) {
            free(tray);
            return NULL;
        }
        tray->written_us = seen.modified.tv_sec * 1000000LL + seen.modified.tv_nsec / 1000;
    }
    tray_derive(tray);
    return tray;
}

/* Whether the file is another one than last time; a refused one is not read, nor complained of, twice. */
static bool has_changed(const char *path)
{
    struct identity now = identify(path);

    return memcmp(&now, &seen, sizeof now) != 0;
}

struct tray *control_poll(void)
{
    const char *path;
    struct tray *fresh = NULL;
    struct timespec now;
    long long now_ns;

    /* The coarse clock: a few nanoseconds a call, exact to some milliseconds, which is enough here. */
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    now_ns = now.tv_sec * 1000000000LL + now.tv_nsec;
    if (now_ns < atomic_load_explicit(&next_check_ns, memory_order_relaxed))
        return NULL;
    if (atomic_flag_test_and_set(&is_polling))
        return NULL; /* another thread is at it */
    next_check_ns = now_ns + check_interval_ns();
    path = control_path();
    if (path != NULL && has_changed(path))
        fresh = control_load();
    if (fresh == NULL)
        atomic_flag_clear(&is_polling);
    return fresh;
}

void control_end_poll(struct tray *fresh)
{
    control_release(fresh);
    atomic_flag_clear(&is_polling);
}

void control_expire(void) { next_check_ns = 0; }

/*
 * The kernel wakes a waiter, so that waiting costs next to nothing. The file itself is watched: a
 * rename over it takes away the name of the one that is watched. One that is not there is looked
 * for now and then. A change between the look and the watch is seen by looking once more.
 */
static void await_file(const char *path, long long microseconds)
{
    enum { EVENTS = IN_ATTRIB | IN_MODIFY | IN_MOVE_SELF | IN_DELETE_SELF };
    int descriptor = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    struct pollfd wait = {.fd = descriptor, .events = POLLIN};

    if (descriptor >= 0 && inotify_add_watch(descriptor, path, EVENTS) >= 0) {
        if (!has_changed(path))
            poll(&wait, 1, (int)((microseconds + 999) / 1000));
    } else {
        usleep((useconds_t)(microseconds < LOOK_US ? microseconds : LOOK_US));
    }
    if (descriptor >= 0)
        close(descriptor);
}

void control_await_change(long long microseconds)
{
    const char *path = control_path();

    if (microseconds <= 0)
        return;
    if (path == NULL)
        usleep((useconds_t)microseconds);
    else
        await_file(path, microseconds);
    control_expire();
}

void control_after_fork(void) { atomic_flag_clear(&is_polling); }

void control_release(struct tray *fresh) { free(fresh); }

extern struct call_rule *const __start_standin_rules[] __attribute__((visibility("hidden")));
extern struct call_rule *const __stop_standin_rules[] __attribute__((visibility("hidden")));

bool control_knows_call(const char *name)
{
    for (struct call_rule *const *rule = __start_standin_rules; rule < __stop_standin_rules; rule++)
        if (strcmp((*rule)->name, name) == 0)
            return true;
    return false;
}

static void apply(struct call_rule *rule, const struct tray *tray)
{
    unsigned int value[3] = {0, 0, 0};

    for (unsigned int i = 0; i < tray->override_count; i++) {
        const struct override *override = &tray->override[i];
        if (strcmp(override->call, "*") == 0 || strcmp(override->call, rule->name) == 0)
            value[override->kind] = override->value;
    }
    /* Each stored once, since calls read them without the lock: a missing call must not flicker. */
    rule->answer = (int)value[OVERRIDE_ANSWER];
    rule->version = value[OVERRIDE_VERSION];
    rule->latency_us = value[OVERRIDE_LATENCY];
}

void control_apply_overrides(const struct tray *tray)
{
    for (struct call_rule *const *rule = __start_standin_rules; rule < __stop_standin_rules; rule++)
        apply(*rule, tray);
}
