/* What a benchmarked program says of itself: CPU and wall time between begin() and end(), the peak of its memory above
 * what it had at begin(), and a sum over all that it was given. */

#ifndef _GNU_SOURCE
#error "define _GNU_SOURCE first"
#endif

#ifndef MEASURE_H
#define MEASURE_H

#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* What was counted: comparable between programs; `touched`: the first byte of each string, so that all were read. */
typedef struct {
  uint64_t messages, addresses, flags, parts, numbers, bytes, touched;
} sums;

static double measure_cpu, measure_wall;
static long measure_memory;

static double measure_clock(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* A line of /proc/self/status, in KiB. */
static long measure_status(const char *name) {
  char line[256];
  long found = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file))
    if (!strncmp(line, name, strlen(name))) found = atol(line + strlen(name) + 1);
  if (file) fclose(file);
  return found;
}

static void begin(void) {
  int file = open("/proc/self/clear_refs", O_WRONLY);
  if (file >= 0 && write(file, "5", 1) != 1) perror("clear_refs");
  if (file >= 0) close(file);
  measure_memory = measure_status("VmRSS");
  measure_wall = measure_clock(CLOCK_MONOTONIC);
  measure_cpu = measure_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static void end(const sums *read) {
  double cpu = measure_clock(CLOCK_PROCESS_CPUTIME_ID) - measure_cpu;
  double wall = measure_clock(CLOCK_MONOTONIC) - measure_wall;
  long peak = measure_status("VmHWM") - measure_memory;
  printf("cpu %.6f wall %.6f peak %ld sum %" PRIu64 ":%" PRIu64 ":%" PRIu64 ":%" PRIu64 ":%" PRIu64 ":%" PRIu64
         " touched %" PRIu64 "\n",
      cpu, wall, peak, read->messages, read->addresses, read->flags, read->parts, read->numbers, read->bytes,
      read->touched);
}

static inline uint64_t touch(const char *string) { return string ? (unsigned char)*string : 0; }

#endif
