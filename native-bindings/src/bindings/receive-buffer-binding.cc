// How much the kernel takes from a peer before anybody has read it.
#include <sys/socket.h>

#include "bindings/napi.h"

namespace tidegate {

namespace {

int descriptorOf(napi_env env, napi_value value) { return static_cast<int>(uint32Of(env, value)); }

// isListening(descriptor): whether it is one of a listening socket.
napi_value isListening(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  int listens = 0;
  socklen_t length = sizeof listens;
  const int failed = getsockopt(descriptorOf(env, arguments[0]), SOL_SOCKET, SO_ACCEPTCONN, &listens, &length);
  return makeBool(env, failed == 0 && listens != 0);
}

// limitReceiveBuffer(descriptor, bytes): whether the kernel does it.
napi_value limitReceiveBuffer(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  const auto bytes = static_cast<int>(uint32Of(env, arguments[1]));
  const int failed = setsockopt(descriptorOf(env, arguments[0]), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  return makeBool(env, failed == 0);
}

}  // namespace

void exportReceiveBuffer(napi_env env, napi_value exports) {
  exportFunction(env, exports, "isListening", isListening);
  exportFunction(env, exports, "limitReceiveBuffer", limitReceiveBuffer);
}

}  // namespace tidegate
