// How the kernel treats the thread that asks.
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "bindings/napi.h"

namespace tidegate {

namespace {

// struct sched_attr of linux/sched/types.h, version 0, which can't be included beside glibc's sched.h.
struct SchedulingAttributes {
  uint32_t size;
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  // For SCHED_OTHER, from Linux 6.12 on: the time slice, 100 µs to 100 ms.
  uint64_t runtimeNs;
  uint64_t deadlineNs;
  uint64_t periodNs;
};
static_assert(sizeof(SchedulingAttributes) == 48);

constexpr uint64_t kLongestSliceNs = 100'000'000;

// yieldToWakingThreads(): whether the kernel does it.
napi_value yieldToWakingThreads(napi_env env, napi_callback_info) {
  SchedulingAttributes attributes{};
  const bool isKnown = syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) == 0;
  if (!isKnown || attributes.policy != SCHED_OTHER) return makeBool(env, false);
  attributes.runtimeNs = kLongestSliceNs;
  const bool isSet = syscall(SYS_sched_setattr, 0, &attributes, 0) == 0 &&
                     syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) == 0;
  return makeBool(env, isSet && attributes.runtimeNs == kLongestSliceNs);
}

}  // namespace

void exportThread(napi_env env, napi_value exports) {
  exportFunction(env, exports, "yieldToWakingThreads", yieldToWakingThreads);
}

}  // namespace tidegate
