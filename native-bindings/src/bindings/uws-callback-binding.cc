// Work done as a callback of uWebSockets.js. It counts, per thread, how deep it is in callbacks into JavaScript, and warns on
// standard error of whatever writes to a response outside of them.
#include <dlfcn.h>

#include "bindings/napi.h"

namespace tidegate {

namespace {

constexpr char kDepth[] = "insideCorkCallback";

// (path of the loaded library, work). A library without that count is left alone.
napi_value asUwsCallback(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  void* library = dlopen(textOf(env, arguments[0]).c_str(), RTLD_LAZY | RTLD_NOLOAD);
  // Of this thread: dlsym gives the address of a thread's own variable.
  int* depth = library == nullptr ? nullptr : static_cast<int*>(dlsym(library, kDepth));
  if (depth != nullptr) ++*depth;
  napi_value nothing;
  napi_get_undefined(env, &nothing);
  napi_value result = nullptr;
  // What it throws is pending, and thrown on return.
  napi_call_function(env, nothing, arguments[1], 0, nullptr, &result);
  if (depth != nullptr) --*depth;
  if (library != nullptr) dlclose(library);
  return nullptr;
}

}  // namespace

void exportUwsCallback(napi_env env, napi_value exports) {
  exportFunction(env, exports, "asUwsCallback", asUwsCallback);
}

}  // namespace tidegate
