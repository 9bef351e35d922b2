// Small helpers over Node-API. Every failing call throws into JavaScript.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <string>

namespace tidegate {

inline void throwError(napi_env env, const std::string& message) { napi_throw_error(env, nullptr, message.c_str()); }

inline void exportFunction(napi_env env, napi_value target, const char* name, napi_callback callback) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
  napi_set_named_property(env, target, name, function);
}

template <size_t Count>
struct Arguments {
  size_t count = Count;
  napi_value at[Count] = {};
  napi_value self = nullptr;
  void* data = nullptr;

  Arguments(napi_env env, napi_callback_info info) { napi_get_cb_info(env, info, &count, at, &self, &data); }
  napi_value operator[](size_t index) const { return at[index]; }
};

inline double numberOf(napi_env env, napi_value value) {
  double number = 0;
  napi_get_value_double(env, value, &number);
  return number;
}

inline uint32_t uint32Of(napi_env env, napi_value value) {
  uint32_t number = 0;
  napi_get_value_uint32(env, value, &number);
  return number;
}

inline bool boolOf(napi_env env, napi_value value) {
  bool truth = false;
  napi_get_value_bool(env, value, &truth);
  return truth;
}

// UTF-8. "" for what is no string.
inline std::string textOf(napi_env env, napi_value value) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return {};
  std::string text(length, '\0');
  napi_get_value_string_utf8(env, value, text.data(), length + 1, &length);
  return text;
}

// A Buffer's or Uint8Array's bytes; valid until the call into native code returns. False: it is neither.
inline bool bytesOf(napi_env env, napi_value value, char** bytes, size_t* length) {
  void* data = nullptr;
  bool isBuffer = false;
  if (napi_is_buffer(env, value, &isBuffer) != napi_ok || !isBuffer) return false;
  if (napi_get_buffer_info(env, value, &data, length) != napi_ok) return false;
  *bytes = static_cast<char*>(data);
  return true;
}

inline napi_value makeNumber(napi_env env, double number) {
  napi_value value;
  napi_create_double(env, number, &value);
  return value;
}

inline napi_value makeBool(napi_env env, bool truth) {
  napi_value value;
  napi_get_boolean(env, truth, &value);
  return value;
}

inline napi_value makeUtf8(napi_env env, const char* text, size_t length) {
  napi_value value;
  napi_create_string_utf8(env, text, length, &value);
  return value;
}

inline napi_value makeLatin1(napi_env env, const char* text, size_t length) {
  napi_value value;
  napi_create_string_latin1(env, text, length, &value);
  return value;
}

inline void setProperty(napi_env env, napi_value object, const char* name, napi_value value) {
  napi_set_named_property(env, object, name, value);
}

// Each part of the addon adds its functions.
void exportDigest(napi_env env, napi_value exports);
void exportEngine(napi_env env, napi_value exports);
void exportGovernor(napi_env env, napi_value exports);
void exportJournal(napi_env env, napi_value exports);
void exportLimits(napi_env env, napi_value exports);
void exportParsers(napi_env env, napi_value exports);
void exportScan(napi_env env, napi_value exports);
void exportSharedWords(napi_env env, napi_value exports);
void exportReceiveBuffer(napi_env env, napi_value exports);
void exportThread(napi_env env, napi_value exports);
void exportUwsCallback(napi_env env, napi_value exports);

}  // namespace tidegate
