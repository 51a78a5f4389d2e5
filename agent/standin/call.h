/*
 * The way in and out of every call.
 *
 * An exported function owns a rule (its name and what the control file says about it), enters
 * with call_begin or call_begin_device, which answer at once where the control file wants an
 * error, and leaves through call_end. Between the two the lock is held and the tray stands still.
 */
#ifndef STANDIN_CALL_H
#define STANDIN_CALL_H

#include "nvml_calls.h"
#include "state.h"

#include <stddef.h>

struct call_rule {
    const char *name;
    /* Read before the lock is taken, because a slow call must not hold up the others. */
    _Atomic int answer;
    _Atomic unsigned int latency_us;
    _Atomic unsigned int version;
};

/*
 * Rules are found by name through a linker section, so that a control file can name any call
 * without a second list of them. The section holds pointers, because a compiler may pad structs.
 */
#define RULE(call)                                                                                                   \
    static struct call_rule rule_##call = {.name = #call};                                                            \
    static struct call_rule *const rule_of_##call __attribute__((section("standin_rules"), used)) = &rule_##call

/* Enter; anything but success is the answer and the lock is not held. out must not be NULL. */
nvmlReturn_t call_begin(struct call_rule *rule, const void *out);
nvmlReturn_t call_begin_device(struct call_rule *rule, nvmlDevice_t device, const void *out, struct gpu **gpu);
/* The same for a call that takes a MIG instance too; instance is NULL if device is a whole GPU. */
nvmlReturn_t call_begin_instance(struct call_rule *rule, nvmlDevice_t device, const void *out, struct gpu **gpu,
                                 struct instance **instance);
/* Leave with this code. */
nvmlReturn_t call_end(nvmlReturn_t code);

/* The tray, to be touched between begin and end only. */
struct tray *call_tray(void);
unsigned int gpu_index(const struct gpu *gpu);
nvmlDevice_t gpu_handle(unsigned int index);
nvmlDevice_t instance_handle(unsigned int index, unsigned int instance);
bool gpu_is_enumerated(unsigned int index);
/* The GPU behind a handle, of itself or of one of its MIG instances; or NULL. */
struct gpu *gpu_of_handle(nvmlDevice_t device);

/* Whether the caller's version word is the one for this version of a struct. */
bool is_version(const struct call_rule *rule, unsigned int word, size_t size, unsigned int version);

/* Let others in for so long, and look whether the library is still in use. */
nvmlReturn_t call_pause(unsigned int microseconds);
/* The same until the control file changes, or at most so long. */
nvmlReturn_t call_await_change(long long microseconds);

long long monotonic_ns(void);
long long epoch_us(void);

/* Copy text into a caller's buffer. */
nvmlReturn_t copy_text(char *out, unsigned int length, const char *text);

/* A call that reads one struct or number of one GPU through read(gpu, out). */
#define DEVICE_READ(call, type, read)                                                                                \
    RULE(call);                                                                                                       \
    nvmlReturn_t call(nvmlDevice_t device, type *out)                                                                 \
    {                                                                                                                 \
        struct gpu *gpu;                                                                                              \
        nvmlReturn_t code = call_begin_device(&rule_##call, device, out, &gpu);                                       \
        return code != NVML_SUCCESS ? code : call_end(read(gpu, out));                                                \
    }

/* The same for a struct that opens with a version word, of which one version is known. */
#define DEVICE_READ_VERSION(call, type, number, read)                                                                \
    RULE(call);                                                                                                       \
    nvmlReturn_t call(nvmlDevice_t device, type *out)                                                                 \
    {                                                                                                                 \
        struct gpu *gpu;                                                                                              \
        nvmlReturn_t code = call_begin_device(&rule_##call, device, out, &gpu);                                       \
        if (code != NVML_SUCCESS)                                                                                     \
            return code;                                                                                              \
        if (!is_version(&rule_##call, out->version, sizeof *out, number))                                             \
            return call_end(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);                                                    \
        return call_end(read(gpu, out));                                                                              \
    }

/* A call that reads one value which stands as such in struct gpu, or a constant. */
#define DEVICE_VALUE(call, type, expression)                                                                         \
    static nvmlReturn_t read_##call(const struct gpu *gpu, type *out)                                                 \
    {                                                                                                                 \
        (void)gpu;                                                                                                    \
        *out = (type)(expression);                                                                                    \
        return NVML_SUCCESS;                                                                                          \
    }                                                                                                                 \
    DEVICE_READ(call, type, read_##call)

/* A call that reads one text of one GPU. */
#define DEVICE_TEXT(call, expression)                                                                                \
    RULE(call);                                                                                                       \
    nvmlReturn_t call(nvmlDevice_t device, char *out, unsigned int length)                                            \
    {                                                                                                                 \
        struct gpu *gpu;                                                                                              \
        nvmlReturn_t code = call_begin_device(&rule_##call, device, out, &gpu);                                       \
        return code != NVML_SUCCESS ? code : call_end(copy_text(out, length, expression));                            \
    }

#endif
