// The counters behind a handle that JavaScript holds.
#pragma once

#include <node_api.h>

#include "../limits/shared-limits.h"

namespace tidegate {

// Null: not such a handle, or closed. Valid until JavaScript closes it.
limits::SharedLimits* sharedLimitsOf(napi_env env, napi_value handle);

}  // namespace tidegate
