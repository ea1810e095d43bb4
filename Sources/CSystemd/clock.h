#pragma once
#include <string.h>
#include <sys/timex.h>
#include <time.h>

// Whether the kernel says that something keeps its clock right: adjtimex(2), which changes nothing here. 1 yes, 0 no, -1 if it doesn't say.
static inline int clock_is_synchronised(void) {
    struct timex state;
    memset(&state, 0, sizeof state);
    int answer = adjtimex(&state);
    if (answer < 0) return -1;
    return answer != TIME_ERROR && !(state.status & STA_UNSYNC);
}

// Milliseconds since the machine began, with the time that it slept. Nobody sets this clock: clock_gettime(2).
static inline long long clock_boot_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
