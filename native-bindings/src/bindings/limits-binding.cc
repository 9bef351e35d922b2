// `shared-limits` for JavaScript. No objects per call: a call's verdict is a small number, what goes with it is written
// into a Float64Array that both sides keep.
#include <cmath>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "bindings/limits-binding.h"
#include "bindings/napi.h"
#include "limits/shared-limits.h"

namespace tidegate {

namespace {

using limits::Decision;
using limits::LimitSpec;
using limits::SharedLimits;

// What `reserve` returns; native-bindings/limits.ts knows them, too.
enum Verdict : uint32_t { kRefused = 0, kAllowed = 1, kFull = 2, kBusy = 3 };
// Where in the array a decision's numbers are.
enum Place : size_t { kRemaining, kResetMs, kRetryAfterMs, kLedger, kPlaces };

constexpr napi_type_tag kLimitsTag = {0x7c1d6a0f35e94b1aull, 0x9e0b2f6d84c7413eull};

struct Instance {
  std::unique_ptr<SharedLimits> limits;  // null once closed
  double out[kPlaces] = {};
};

// Each function of a handle holds the instance, and so does the array: neither a lost nor a foreign `this` can reach a
// dead one.
using Holder = std::shared_ptr<Instance>;

void drop(void* holder) { std::unique_ptr<Holder>(static_cast<Holder*>(holder)).reset(); }
void dropData(napi_env, void* data, void*) { drop(data); }
void dropHint(napi_env, void*, void* hint) { drop(hint); }

void exportMethod(napi_env env, napi_value target, const char* name, napi_callback callback, const Holder& instance) {
  auto holder = std::make_unique<Holder>(instance);
  napi_value function;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, holder.get(), &function) != napi_ok) return;
  if (napi_add_finalizer(env, function, holder.get(), dropData, nullptr, nullptr) != napi_ok) return;
  holder.release();
  napi_set_named_property(env, target, name, function);
}

// The array over `instance->out`, or null.
napi_value makeOut(napi_env env, const Holder& instance) {
  auto holder = std::make_unique<Holder>(instance);
  napi_value buffer, array;
  if (napi_create_external_arraybuffer(env, instance->out, sizeof instance->out, dropHint, holder.get(), &buffer) !=
      napi_ok) {
    throwError(env, "shared counters need a Node.js with external array buffers");
    return nullptr;
  }
  holder.release();
  if (napi_create_typedarray(env, napi_float64_array, kPlaces, buffer, 0, &array) != napi_ok) return nullptr;
  return array;
}

// Null: closed, and JavaScript has been told.
Instance* instanceOf(napi_env env, void* data) {
  Instance* instance = static_cast<Holder*>(data)->get();
  if (instance->limits != nullptr) return instance;
  throwError(env, "these shared counters are closed");
  return nullptr;
}

// A counter's name. Short ones, which all are, stay off the heap.
bool keyOf(napi_env env, napi_value value, limits::CounterKey* key) {
  char bytes[512];
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, bytes, sizeof bytes, &length) != napi_ok) {
    napi_throw_type_error(env, nullptr, "a counter's key must be a string");
    return false;
  }
  // A character more would not have fitted: it may have been cut.
  *key = length + 4 < sizeof bytes ? limits::counterKeyOf({bytes, length}) : limits::counterKeyOf(textOf(env, value));
  return true;
}

// A number that is none would spoil its counter for good.
bool numbersOf(napi_env env, const napi_value* values, std::initializer_list<double*> numbers) {
  for (double* number : numbers) {
    if (napi_get_value_double(env, *values++, number) != napi_ok || !std::isfinite(*number)) {
      napi_throw_type_error(env, nullptr, "limits, amounts and times must be finite numbers");
      return false;
    }
  }
  return true;
}

// `kind`: algorithm * 4 + unit.
bool specOf(napi_env env, double kind, LimitSpec* spec) {
  const bool known = kind >= 0 && kind < 12 && static_cast<uint32_t>(kind) % 4 < 3;
  if (!known || !(spec->amount > 0) || !(spec->windowMs > 0)) {
    napi_throw_range_error(env, nullptr, "a limit needs an algorithm, a unit, and an amount and a window above 0");
    return false;
  }
  spec->algorithm = static_cast<limits::Algorithm>(static_cast<uint32_t>(kind) / 4);
  spec->unit = static_cast<limits::Unit>(static_cast<uint32_t>(kind) % 4);
  return true;
}

napi_value makeUint32(napi_env env, uint32_t number) {
  napi_value value;
  napi_create_uint32(env, number, &value);
  return value;
}

// (kind, limit, windowMs, key, amount, nowMs) → Verdict
napi_value reserve(napi_env env, napi_callback_info info) {
  const Arguments<6> arguments(env, info);
  Instance* instance = instanceOf(env, arguments.data);
  if (instance == nullptr) return nullptr;
  LimitSpec spec;
  double kind = 0, amount = 0, nowMs = 0;
  limits::CounterKey key;
  if (!numbersOf(env, &arguments.at[0], {&kind, &spec.amount, &spec.windowMs}) || !keyOf(env, arguments[3], &key) ||
      !numbersOf(env, &arguments.at[4], {&amount, &nowMs}) || !specOf(env, kind, &spec)) {
    return nullptr;
  }
  const Decision decision = instance->limits->reserve(spec, key, amount, nowMs);
  instance->out[kRemaining] = decision.remaining;
  instance->out[kResetMs] = decision.resetMs;
  instance->out[kRetryAfterMs] = decision.retryAfterMs;
  instance->out[kLedger] = decision.ledger;
  return makeUint32(env, decision.allowed ? kAllowed : decision.full ? kFull : decision.busy ? kBusy : kRefused);
}

// (kind, limit, windowMs, key, reserved, used, reservedAtMs, nowMs, ledger) → whether the counter was in reach
napi_value settle(napi_env env, napi_callback_info info) {
  const Arguments<9> arguments(env, info);
  Instance* instance = instanceOf(env, arguments.data);
  if (instance == nullptr) return nullptr;
  LimitSpec spec;
  double kind = 0, reserved = 0, used = 0, reservedAtMs = 0, nowMs = 0, ledger = 0;
  limits::CounterKey key;
  if (!numbersOf(env, &arguments.at[0], {&kind, &spec.amount, &spec.windowMs}) || !keyOf(env, arguments[3], &key) ||
      !numbersOf(env, &arguments.at[4], {&reserved, &used, &reservedAtMs, &nowMs, &ledger}) ||
      !specOf(env, kind, &spec)) {
    return nullptr;
  }
  const uint32_t entry = ledger >= 0 && ledger < limits::kNoLedger ? static_cast<uint32_t>(ledger) : limits::kNoLedger;
  return makeBool(env, instance->limits->settle(spec, key, reserved, used, reservedAtMs, nowMs, entry));
}

// (worker) → how many reservations were given back
napi_value reclaim(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  Instance* instance = instanceOf(env, arguments.data);
  if (instance == nullptr) return nullptr;
  return makeUint32(env, instance->limits->reclaim(uint32Of(env, arguments[0])));
}

// (nowMs) → how many counters say something
napi_value slotsUsed(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  Instance* instance = instanceOf(env, arguments.data);
  if (instance == nullptr) return nullptr;
  return makeUint32(env, instance->limits->slotsUsed(numberOf(env, arguments[0])));
}

// () → { full, busy, untracked, takeovers }
napi_value limitsStats(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  Instance* instance = instanceOf(env, arguments.data);
  if (instance == nullptr) return nullptr;
  const limits::SharedLimitsStats& found = instance->limits->stats();
  napi_value object;
  if (napi_create_object(env, &object) != napi_ok) return nullptr;
  setProperty(env, object, "full", makeNumber(env, static_cast<double>(found.full)));
  setProperty(env, object, "busy", makeNumber(env, static_cast<double>(found.busy)));
  setProperty(env, object, "untracked", makeNumber(env, static_cast<double>(found.untracked)));
  setProperty(env, object, "takeovers", makeNumber(env, static_cast<double>(found.takeovers)));
  return object;
}

// () Leaves the segment: from then on this process counts as dead for the others.
napi_value closeLimits(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  static_cast<Holder*>(arguments.data)->get()->limits.reset();
  return nullptr;
}

uint32_t workerOf(double number) {
  if (number < 0) return limits::kAnyWorker;
  return number < 1e6 ? static_cast<uint32_t>(number) : limits::kAnyWorker - 1;  // which open refuses
}

// (path, slots, worker or -1) → a handle with the functions above, `worker`, `slotCount` and `out`
napi_value openLimits(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  std::string error;
  auto instance = std::make_shared<Instance>();
  instance->limits = SharedLimits::open(textOf(env, arguments[0]), uint32Of(env, arguments[1]),
                                        workerOf(numberOf(env, arguments[2])), &error);
  if (instance->limits == nullptr) {
    throwError(env, error);
    return nullptr;
  }
  napi_value handle;
  const napi_value out = makeOut(env, instance);
  if (out == nullptr || napi_create_object(env, &handle) != napi_ok) return nullptr;
  setProperty(env, handle, "out", out);
  setProperty(env, handle, "worker", makeUint32(env, instance->limits->worker()));
  setProperty(env, handle, "slotCount", makeUint32(env, instance->limits->slotCount()));
  exportMethod(env, handle, "reserve", reserve, instance);
  exportMethod(env, handle, "settle", settle, instance);
  exportMethod(env, handle, "reclaim", reclaim, instance);
  exportMethod(env, handle, "slotsUsed", slotsUsed, instance);
  exportMethod(env, handle, "stats", limitsStats, instance);
  exportMethod(env, handle, "close", closeLimits, instance);
  auto holder = std::make_unique<Holder>(instance);
  if (napi_wrap(env, handle, holder.get(), dropData, nullptr, nullptr) == napi_ok) holder.release();
  napi_type_tag_object(env, handle, &kLimitsTag);
  return handle;
}

// (name) → the counter's key, 32 hexadecimal digits
napi_value counterKey(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  limits::CounterKey key;
  if (!keyOf(env, arguments[0], &key)) return nullptr;
  std::string text(32, '0');
  for (size_t i = 0; i < 32; ++i) {
    const uint64_t half = i < 16 ? key.high : key.low;
    text[i] = "0123456789abcdef"[half >> (60 - i % 16 * 4) & 15];
  }
  return makeUtf8(env, text.data(), text.size());
}

}  // namespace

limits::SharedLimits* sharedLimitsOf(napi_env env, napi_value handle) {
  bool ours = false;
  void* holder = nullptr;
  if (napi_check_object_type_tag(env, handle, &kLimitsTag, &ours) != napi_ok || !ours) return nullptr;
  if (napi_unwrap(env, handle, &holder) != napi_ok) return nullptr;
  return static_cast<Holder*>(holder)->get()->limits.get();
}

void exportLimits(napi_env env, napi_value exports) {
  exportFunction(env, exports, "openLimits", openLimits);
  exportFunction(env, exports, "limitsCounterKey", counterKey);
}

}  // namespace tidegate
