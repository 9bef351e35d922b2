// `scan` for JavaScript: the same functions that the proxy calls directly.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/napi.h"
#include "scan/json-scan.h"
#include "scan/sse-scan.h"
#include "scan/stream-usage.h"
#include "scan/text-bytes.h"

namespace tidegate {

namespace {

constexpr napi_type_tag kSseScannerTag = {0x5a1c7b0e6d324f11ULL, 0x9e02f3c85b7d4a60ULL};
constexpr napi_type_tag kStreamUsageTag = {0x2f84d6c19b7a4e35ULL, 0xb16e0d47a8c3952fULL};

// A JavaScript object that owns `value`; `tag` tells it from others.
template <typename Value>
napi_value makeHandle(napi_env env, const napi_type_tag& tag, std::unique_ptr<Value> value) {
  napi_value handle;
  napi_create_object(env, &handle);
  const auto release = [](napi_env, void* data, void*) { std::unique_ptr<Value>(static_cast<Value*>(data)); };
  if (napi_type_tag_object(env, handle, &tag) != napi_ok ||
      napi_wrap(env, handle, value.get(), release, nullptr, nullptr) != napi_ok) {
    throwError(env, "scan: no handle can be made");
    return nullptr;
  }
  static_cast<void>(value.release());
  return handle;
}

template <typename Value>
Value* handleOf(napi_env env, const napi_type_tag& tag, napi_value handle) {
  bool isOurs = false;
  void* data = nullptr;
  if (napi_check_object_type_tag(env, handle, &tag, &isOurs) != napi_ok || !isOurs ||
      napi_unwrap(env, handle, &data) != napi_ok) {
    throwError(env, "scan: this is no such handle");
    return nullptr;
  }
  return static_cast<Value*>(data);
}

bool takeBytes(napi_env env, napi_value value, std::string_view* bytes) {
  char* data = nullptr;
  size_t length = 0;
  if (!bytesOf(env, value, &data, &length)) {
    throwError(env, "scan: a Buffer or Uint8Array is needed");
    return false;
  }
  *bytes = {data, length};
  return true;
}

scan::UsageDialect dialectOf(napi_env env, napi_value value) {
  const std::string name = textOf(env, value);
  if (name == "openai") return scan::UsageDialect::kOpenai;
  if (name == "anthropic") return scan::UsageDialect::kAnthropic;
  return scan::UsageDialect::kNone;
}

napi_value makeNull(napi_env env) {
  napi_value null;
  napi_get_null(env, &null);
  return null;
}

// null when nothing was told.
napi_value makeUsage(napi_env env, const scan::Usage& usage) {
  if (!usage.told()) return makeNull(env);
  napi_value object;
  napi_create_object(env, &object);
  const std::pair<const char*, double> figures[] = {{"inputTokens", usage.inputTokens},
                                                    {"outputTokens", usage.outputTokens},
                                                    {"cachedInputTokens", usage.cachedInputTokens},
                                                    {"cacheWriteTokens", usage.cacheWriteTokens},
                                                    {"reasoningTokens", usage.reasoningTokens}};
  for (const auto& [name, figure] : figures) {
    if (figure >= 0) setProperty(env, object, name, makeNumber(env, figure));
  }
  return object;
}

// (bytes, names) → one {start, end} or null for each name, or null.
napi_value scanTopLevel(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  std::string_view text;
  uint32_t count = 0;
  if (!takeBytes(env, arguments[0], &text)) return nullptr;
  if (napi_get_array_length(env, arguments[1], &count) != napi_ok) {
    throwError(env, "scan: names must be an array");
    return nullptr;
  }
  std::vector<std::string> owned(count);
  for (uint32_t i = 0; i < count; i++) {
    napi_value name;
    napi_get_element(env, arguments[1], i, &name);
    owned[i] = textOf(env, name);
  }
  const std::vector<std::string_view> names(owned.begin(), owned.end());
  std::vector<scan::ValueSpan> spans(count);
  if (!scan::scanTopLevel(text.data(), text.size(), names.data(), count, spans.data())) return makeNull(env);
  napi_value found;
  napi_create_array_with_length(env, count, &found);
  for (uint32_t i = 0; i < count; i++) {
    napi_value span = makeNull(env);
    if (spans[i].found()) {
      napi_create_object(env, &span);
      setProperty(env, span, "start", makeNumber(env, spans[i].at));
      setProperty(env, span, "end", makeNumber(env, static_cast<double>(spans[i].at) + spans[i].length));
    }
    napi_set_element(env, found, i, span);
  }
  return found;
}

// (dialect, bytes) → usage or null.
napi_value readUsage(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  std::string_view text;
  if (!takeBytes(env, arguments[1], &text)) return nullptr;
  scan::Usage usage;
  if (!scan::readUsage(dialectOf(env, arguments[0]), text.data(), text.size(), &usage)) return makeNull(env);
  return makeUsage(env, usage);
}

// (bytes) → how many of them are text.
napi_value textBytes(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  std::string_view text;
  if (!takeBytes(env, arguments[0], &text)) return nullptr;
  return makeNumber(env, static_cast<double>(scan::textBytes(text.data(), text.size())));
}

napi_value createSseScanner(napi_env env, napi_callback_info) {
  return makeHandle(env, kSseScannerTag, std::make_unique<scan::SseScanner>());
}

// (scanner, bytes) → how many of the bytes belong to the event that ends within them, or 0.
napi_value nextSseEnd(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  auto* scanner = handleOf<scan::SseScanner>(env, kSseScannerTag, arguments[0]);
  std::string_view bytes;
  if (scanner == nullptr || !takeBytes(env, arguments[1], &bytes)) return nullptr;
  return makeNumber(env, static_cast<double>(scanner->next(bytes.data(), bytes.size())));
}

napi_value resetSseScanner(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  auto* scanner = handleOf<scan::SseScanner>(env, kSseScannerTag, arguments[0]);
  if (scanner != nullptr) scanner->reset();
  return nullptr;
}

// (dialect, includeUsage) → watcher.
napi_value createStreamUsageWatcher(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  const bool includeUsage = boolOf(env, arguments[1]);
  auto watcher = std::make_unique<scan::StreamUsageWatcher>(dialectOf(env, arguments[0]), includeUsage);
  return makeHandle(env, kStreamUsageTag, std::move(watcher));
}

// (watcher, event) → whether the event goes on to the caller.
napi_value pushStreamEvent(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  auto* watcher = handleOf<scan::StreamUsageWatcher>(env, kStreamUsageTag, arguments[0]);
  std::string_view event;
  if (watcher == nullptr || !takeBytes(env, arguments[1], &event)) return nullptr;
  return makeBool(env, watcher->push(event.data(), event.size()));
}

// (watcher) → what it has seen.
napi_value readStreamUsage(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const auto* watcher = handleOf<scan::StreamUsageWatcher>(env, kStreamUsageTag, arguments[0]);
  if (watcher == nullptr) return nullptr;
  napi_value seen;
  napi_create_object(env, &seen);
  setProperty(env, seen, "usage", makeUsage(env, watcher->usage));
  setProperty(env, seen, "model", makeUtf8(env, watcher->model.data(), watcher->model.size()));
  setProperty(env, seen, "finished", makeBool(env, watcher->finished));
  setProperty(env, seen, "failed", makeBool(env, watcher->failed));
  setProperty(env, seen, "failureData", makeUtf8(env, watcher->failureData.data(), watcher->failureData.size()));
  setProperty(env, seen, "needsHelp", makeBool(env, watcher->needsHelp));
  setProperty(env, seen, "announces", makeBool(env, watcher->announces));
  setProperty(env, seen, "untoldTokens", makeNumber(env, watcher->untoldTokens()));
  return seen;
}

}  // namespace

void exportScan(napi_env env, napi_value exports) {
  exportFunction(env, exports, "scanTopLevel", scanTopLevel);
  exportFunction(env, exports, "readUsage", readUsage);
  exportFunction(env, exports, "textBytes", textBytes);
  exportFunction(env, exports, "createSseScanner", createSseScanner);
  exportFunction(env, exports, "nextSseEnd", nextSseEnd);
  exportFunction(env, exports, "resetSseScanner", resetSseScanner);
  exportFunction(env, exports, "createStreamUsageWatcher", createStreamUsageWatcher);
  exportFunction(env, exports, "pushStreamEvent", pushStreamEvent);
  exportFunction(env, exports, "readStreamUsage", readStreamUsage);
}

}  // namespace tidegate
