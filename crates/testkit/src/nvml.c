/* A driver of NVIDIA's, as far as a worker asks it: its GPUs are the lines of the file that FAKE_GPUS names,
   "NAME;MEMORY;BUSY;PROCESS;USED", memory in MiB, without a process 0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 16, FINE = 0, NOT_FOUND = 6, TOO_SMALL = 7 };

struct gpu { char name[96]; unsigned long long memory, used; unsigned busy, process; };
struct memory { unsigned version; unsigned long long total, reserved, free, used; };
struct rates { unsigned gpu, memory; };
struct process { unsigned id; unsigned long long used; unsigned instance, compute; };

static struct gpu gpus[MOST];
static unsigned count;

int nvmlInit_v2(void) {
    FILE *file = fopen(getenv("FAKE_GPUS"), "r");
    if (!file) return 9;
    for (count = 0; count < MOST; count++) {
        struct gpu *gpu = gpus + count;
        if (fscanf(file, " %95[^;];%llu;%u;%u;%llu", gpu->name, &gpu->memory, &gpu->busy, &gpu->process, &gpu->used) != 5) break;
    }
    return fclose(file), FINE;
}

int nvmlShutdown(void) { return FINE; }

int nvmlDeviceGetCount_v2(unsigned *found) { return *found = count, FINE; }

int nvmlDeviceGetHandleByIndex_v2(unsigned index, struct gpu **gpu) {
    if (index >= count) return NOT_FOUND;
    return *gpu = gpus + index, FINE;
}

int nvmlDeviceGetName(struct gpu *gpu, char *name, unsigned size) { return snprintf(name, size, "%s", gpu->name), FINE; }

int nvmlDeviceGetUUID(struct gpu *gpu, char *id, unsigned size) { return snprintf(id, size, "GPU-%ld", (long)(gpu - gpus)), FINE; }

int nvmlDeviceGetMemoryInfo_v2(struct gpu *gpu, struct memory *memory) { return memory->total = gpu->memory << 20, FINE; }

int nvmlDeviceGetUtilizationRates(struct gpu *gpu, struct rates *rates) { return rates->gpu = gpu->busy, FINE; }

int nvmlDeviceGetComputeRunningProcesses_v3(struct gpu *gpu, unsigned *found, struct process *processes) {
    unsigned room = *found;
    *found = gpu->process ? 1 : 0;
    if (room < *found) return TOO_SMALL;
    if (gpu->process) {
        struct process one = { gpu->process, gpu->used << 20, 0, 0 };
        processes[0] = one;
    }
    return FINE;
}
