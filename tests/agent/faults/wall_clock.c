/*
 * A wall clock that jumps: preloaded into a process, it adds to the time of day what a file says.
 *
 * The file's name stands in WALL_CLOCK, and in it a number of milliseconds. The monotonic clock is
 * left alone, as when an administrator sets a machine's clock.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long offset_ms(void)
{
    const char *path = getenv("WALL_CLOCK");
    FILE *file = path != NULL ? fopen(path, "re") : NULL;
    long long found = 0;

    if (file == NULL)
        return 0;
    if (fscanf(file, "%lld", &found) != 1)
        found = 0;
    fclose(file);
    return found;
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    int code = (int)syscall(SYS_clock_gettime, clock, out);

    if (code == 0 && clock == CLOCK_REALTIME)
        out->tv_sec += offset_ms() / 1000;
    return code;
}
