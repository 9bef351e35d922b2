// `digest` for JavaScript.
#include "bindings/napi.h"
#include "digest/sha256.h"

namespace tidegate {

namespace {

bool takeBytes(napi_env env, napi_value value, char** bytes, size_t* length) {
  if (bytesOf(env, value, bytes, length)) return true;
  throwError(env, "digest: a Buffer or Uint8Array is needed");
  return false;
}

// (bytes) → Buffer of 32 bytes.
template <digest::Sha256 (*Hash)(const void*, size_t)>
napi_value sha256(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  char* bytes = nullptr;
  size_t length = 0;
  if (!takeBytes(env, arguments[0], &bytes, &length)) return nullptr;
  const digest::Sha256 digest = Hash(bytes, length);
  napi_value buffer;
  if (napi_create_buffer_copy(env, digest.size(), digest.data(), nullptr, &buffer) != napi_ok) return nullptr;
  return buffer;
}

// (seed, bytes) → the checksum.
template <uint32_t (*Crc)(uint32_t, const void*, size_t)>
napi_value crc32c(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  char* bytes = nullptr;
  size_t length = 0;
  if (!takeBytes(env, arguments[1], &bytes, &length)) return nullptr;
  return makeNumber(env, Crc(uint32Of(env, arguments[0]), bytes, length));
}

}  // namespace

void exportDigest(napi_env env, napi_value exports) {
  exportFunction(env, exports, "sha256", sha256<digest::sha256>);
  exportFunction(env, exports, "sha256Portable", sha256<digest::portable::sha256>);
  exportFunction(env, exports, "crc32c", crc32c<digest::crc32c>);
  exportFunction(env, exports, "crc32cPortable", crc32c<digest::portable::crc32c>);
}

}  // namespace tidegate
