/*
 * Init, shutdown, the lock, and the way into a call.
 *
 * One lock guards everything, held for the copying of values only. Whatever takes time (a slow
 * call, a hung GPU, a wait for events) happens outside of it, so that one GPU cannot stop another.
 */
#include "call.h"
#include "control.h"
#include "events.h"
#include "meters.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

/* A handle points to one of these; the pointer is all a caller has, and where it points says all. */
struct nvmlDevice_st {
    char unused;
};

enum { HANDLES_PER_GPU = 1 + INSTANCE_MAX }; /* the GPU itself, and its MIG instances */

/* Waits look at least so often, whether the file changed and the library is still in use. */
static const long long WAIT_US_MAX = 250000;

static struct nvmlDevice_st handles[GPU_MAX * HANDLES_PER_GPU];
static struct tray tray;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint users; /* nvmlInit less nvmlShutdown */

struct tray *call_tray(void) { return &tray; }
unsigned int gpu_index(const struct gpu *gpu) { return (unsigned int)(gpu - tray.gpu); }
nvmlDevice_t gpu_handle(unsigned int index) { return &handles[index * HANDLES_PER_GPU]; }

nvmlDevice_t instance_handle(unsigned int index, unsigned int instance)
{
    return &handles[index * HANDLES_PER_GPU + 1 + instance];
}

long long monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

long long epoch_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

/*
 * Sleep as exactly as the kernel can. By default it may wake a thread up to 50 us late, which is
 * more than many a call takes; the caller's own leave to be late is given back afterwards.
 */
static void sleep_us(unsigned int microseconds)
{
    long long end_ns = monotonic_ns() + microseconds * 1000LL;
    struct timespec end = {end_ns / 1000000000LL, (long)(end_ns % 1000000000LL)};
    int slack_ns = prctl(PR_GET_TIMERSLACK);

    prctl(PR_SET_TIMERSLACK, 1UL);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR)
        ;
    if (slack_ns > 0)
        prctl(PR_SET_TIMERSLACK, (unsigned long)slack_ns);
}

/*
 * Take over what the control file says. The meters first run under the old state, up to when the
 * file was written rather than read: a caller that asks once a second would smear the change.
 */
static void take_over(const struct tray *fresh, bool is_init)
{
    long long age_us = is_init ? 0 : epoch_us() - fresh->written_us;

    meters_advance_all(&tray, monotonic_ns() - (age_us > 0 ? age_us * 1000 : 0));
    if (tray.driver_loads != fresh->driver_loads)
        meters_reset();
    events_take_over(&tray, fresh, is_init);
    tray = *fresh;
    control_apply_overrides(&tray);
}

/* Look at the control file if it is time to, and take over what it says. */
static void refresh(void)
{
    struct tray *fresh = control_poll();

    if (fresh == NULL)
        return;
    pthread_mutex_lock(&lock);
    take_over(fresh, false);
    pthread_mutex_unlock(&lock);
    control_end_poll(fresh);
}

static void before_fork(void) { pthread_mutex_lock(&lock); }
static void after_fork(void) { pthread_mutex_unlock(&lock); }
static void after_fork_in_child(void)
{
    pthread_mutex_unlock(&lock);
    control_after_fork();
}

/* A fork in the middle of a call would leave the child with a lock that nobody will release. */
__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

static nvmlReturn_t first_init(void)
{
    struct tray *fresh = control_load();

    control_expire();
    if (fresh == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    take_over(fresh, true);
    control_release(fresh);
    return NVML_SUCCESS;
}

static nvmlReturn_t init(struct call_rule *rule)
{
    nvmlReturn_t code = NVML_SUCCESS;

    if (users > 0)
        refresh();
    pthread_mutex_lock(&lock);
    if (users == 0)
        code = first_init();
    if (code == NVML_SUCCESS)
        code = (nvmlReturn_t)rule->answer;
    if (code == NVML_SUCCESS)
        users++;
    pthread_mutex_unlock(&lock);
    return code;
}

RULE(nvmlInit);
RULE(nvmlInit_v2);
RULE(nvmlInitWithFlags);
nvmlReturn_t nvmlInit(void) { return init(&rule_nvmlInit); }
nvmlReturn_t nvmlInit_v2(void) { return init(&rule_nvmlInit_v2); }
nvmlReturn_t nvmlInitWithFlags(unsigned int flags)
{
    (void)flags; /* they say what happens without GPUs, and this tray has some */
    return init(&rule_nvmlInitWithFlags);
}

RULE(nvmlShutdown);
nvmlReturn_t nvmlShutdown(void)
{
    nvmlReturn_t code = call_begin(&rule_nvmlShutdown, "");

    if (code == NVML_SUCCESS) {
        users--;
        call_end(code);
    }
    return code;
}

/* What comes before the lock: initialised, arguments, the control file, its word on this call. */
static nvmlReturn_t enter(struct call_rule *rule, const void *out)
{
    if (users == 0)
        return NVML_ERROR_UNINITIALIZED;
    refresh();
    if (rule->latency_us != 0)
        sleep_us(rule->latency_us);
    if (rule->answer != NVML_SUCCESS)
        return (nvmlReturn_t)rule->answer;
    return out == NULL ? NVML_ERROR_INVALID_ARGUMENT : NVML_SUCCESS;
}

nvmlReturn_t call_begin(struct call_rule *rule, const void *out)
{
    nvmlReturn_t code = enter(rule, out);

    if (code == NVML_SUCCESS)
        pthread_mutex_lock(&lock);
    return code;
}

struct gpu *gpu_of_handle(nvmlDevice_t device)
{
    return device >= handles && device < handles + GPU_MAX * HANDLES_PER_GPU
               ? &tray.gpu[(device - handles) / HANDLES_PER_GPU]
               : NULL;
}

bool gpu_is_enumerated(unsigned int index)
{
    unsigned int place = 0;

    for (unsigned int i = 0; i < index; i++)
        place += !tray.gpu[i].absent;
    return index < tray.gpu_count && !tray.gpu[index].absent && place < tray.count;
}

/* A GPU that left the enumeration is lost to whoever still holds its handle. */
static nvmlReturn_t health(const struct gpu *gpu)
{
    return gpu_is_enumerated(gpu_index(gpu)) ? (nvmlReturn_t)gpu->fault : NVML_ERROR_GPU_IS_LOST;
}

nvmlReturn_t call_pause(unsigned int microseconds)
{
    pthread_mutex_unlock(&lock);
    sleep_us(microseconds);
    refresh();
    pthread_mutex_lock(&lock);
    return users == 0 ? NVML_ERROR_UNINITIALIZED : NVML_SUCCESS;
}

nvmlReturn_t call_await_change(long long microseconds)
{
    pthread_mutex_unlock(&lock);
    control_await_change(microseconds < WAIT_US_MAX ? microseconds : WAIT_US_MAX);
    refresh();
    pthread_mutex_lock(&lock);
    return users == 0 ? NVML_ERROR_UNINITIALIZED : NVML_SUCCESS;
}

/* The instance behind a handle into NULL for the GPU itself; one that is gone is no valid handle. */
static nvmlReturn_t find_instance(nvmlDevice_t device, struct gpu *gpu, struct instance **out)
{
    unsigned int place = (unsigned int)((device - handles) % HANDLES_PER_GPU);

    *out = place == 0 ? NULL : &gpu->instance[place - 1];
    return place <= gpu->instance_count ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}

nvmlReturn_t call_begin_device(struct call_rule *rule, nvmlDevice_t device, const void *out, struct gpu **gpu)
{
    struct instance *instance;
    nvmlReturn_t code = call_begin_instance(rule, device, out, gpu, &instance);

    if (code == NVML_SUCCESS && instance != NULL)
        return call_end(NVML_ERROR_NOT_SUPPORTED); /* nvml.h's answer of most calls on a MIG instance */
    return code;
}

nvmlReturn_t call_begin_instance(struct call_rule *rule, nvmlDevice_t device, const void *out, struct gpu **gpu,
                                 struct instance **instance)
{
    nvmlReturn_t code = enter(rule, out);

    if (code != NVML_SUCCESS)
        return code;
    *gpu = gpu_of_handle(device);
    if (*gpu == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    pthread_mutex_lock(&lock);
    while ((*gpu)->hung && code == NVML_SUCCESS)
        code = call_await_change(WAIT_US_MAX);
    if (code == NVML_SUCCESS)
        code = find_instance(device, *gpu, instance);
    if (code == NVML_SUCCESS)
        code = health(*gpu);
    if (code != NVML_SUCCESS)
        pthread_mutex_unlock(&lock);
    return code;
}

nvmlReturn_t call_end(nvmlReturn_t code)
{
    pthread_mutex_unlock(&lock);
    return code;
}

bool is_version(const struct call_rule *rule, unsigned int word, size_t size, unsigned int version)
{
    if (rule->version != 0 && rule->version != version)
        return false;
    return word == ((unsigned int)size | version << 24);
}

nvmlReturn_t copy_text(char *out, unsigned int length, const char *text)
{
    if (strlen(text) >= length)
        return NVML_ERROR_INSUFFICIENT_SIZE;
    strcpy(out, text);
    return NVML_SUCCESS;
}
