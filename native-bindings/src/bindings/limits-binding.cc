// `shared-limits` for JavaScript. No objects per call: a call's verdict is a small number, what goes with it is written
// into a Float64Array that both sides keep.
#include <algorithm>
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
enum Place : size_t { kRemaining, kResetMs, kRetryAfterMs, kLedger, kLease, kOp, kUsed, kHeld, kWindowEndMs, kPlaces };
// What `kLease` says of a decision: how the node's part of a limit that the cluster shares is doing.
enum LeaseNeed : uint32_t { kEnough = 0, kLow = 1, kEmpty = 2 };

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

// `kind`: sharing * 16 + algorithm * 4 + unit.
bool specOf(napi_env env, double kind, LimitSpec* spec) {
  const auto number = kind >= 0 && kind < 48 ? static_cast<uint32_t>(kind) : 15;
  const bool known = number % 4 < 3 && number / 4 % 4 < 3;
  if (!known || !(spec->amount > 0) || !(spec->windowMs > 0)) {
    napi_throw_range_error(env, nullptr, "a limit needs an algorithm, a unit, and an amount and a window above 0");
    return false;
  }
  spec->sharing = static_cast<limits::Sharing>(number / 16);
  spec->algorithm = static_cast<limits::Algorithm>(number / 4 % 4);
  spec->unit = static_cast<limits::Unit>(number % 4);
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
  instance->out[kLease] = decision.empty ? kEmpty : decision.low ? kLow : kEnough;
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

// --- Leases. Counters by their keys as `limitsCounterKey` tells them: names are not known for all of them.

bool hexOf(const std::string& text, size_t at, size_t digits, uint64_t* number) {
  *number = 0;
  if (text.size() < at + digits) return false;
  for (size_t i = at; i < at + digits; i++) {
    const char c = text[i];
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return false;
    *number = *number << 4 | static_cast<uint64_t>(digit);
  }
  return true;
}

std::string toHex(uint64_t number) {
  std::string text(16, '0');
  for (size_t i = 0; i < 16; ++i) text[i] = "0123456789abcdef"[number >> (60 - i * 4) & 15];
  return text;
}

// The first four arguments of all functions of leases: (kind, limit, windowMs, counterKey, …).
bool leaseOf(napi_env env, const napi_value* arguments, LimitSpec* spec, limits::CounterKey* key) {
  double kind = 0;
  if (!numbersOf(env, arguments, {&kind, &spec->amount, &spec->windowMs}) || !specOf(env, kind, spec)) return false;
  const std::string text = textOf(env, arguments[3]);
  if (hexOf(text, 0, 16, &key->high) && hexOf(text, 16, 16, &key->low)) return true;
  napi_throw_type_error(env, nullptr, "a counter's key must be 32 hexadecimal digits");
  return false;
}

// (…, keep, nowMs, answerByMs, wanted) → ClaimState; what comes along is in the array
napi_value beginLease(napi_env env, napi_callback_info info) {
  const Arguments<8> arguments(env, info);
  Instance* instance = instanceOf(env, arguments.data);
  LimitSpec spec;
  limits::CounterKey key;
  double keep = 0, nowMs = 0, answerByMs = 0;
  if (instance == nullptr || !leaseOf(env, arguments.at, &spec, &key) ||
      !numbersOf(env, &arguments.at[4], {&keep, &nowMs, &answerByMs})) {
    return nullptr;
  }
  const limits::Claim claim = instance->limits->beginLease(spec, key, keep, boolOf(env, arguments[7]), nowMs, answerByMs);
  instance->out[kOp] = static_cast<double>(claim.op);
  instance->out[kUsed] = claim.used;
  instance->out[kHeld] = claim.held;
  instance->out[kWindowEndMs] = claim.windowEndMs;
  return makeUint32(env, static_cast<uint32_t>(claim.state));
}

// (…, op, used, held, windowEndMs, granted, unleased, nowMs, askAgainMs) → whether it came in time
napi_value endLease(napi_env env, napi_callback_info info) {
  const Arguments<12> arguments(env, info);
  Instance* instance = instanceOf(env, arguments.data);
  LimitSpec spec;
  limits::CounterKey key;
  limits::Claim claim;
  double op = 0, granted = 0, unleased = 0, nowMs = 0, askAgainMs = 0;
  if (instance == nullptr || !leaseOf(env, arguments.at, &spec, &key) ||
      !numbersOf(env, &arguments.at[4], {&op, &claim.used, &claim.held, &claim.windowEndMs, &granted, &unleased, &nowMs,
                                         &askAgainMs})) {
    return nullptr;
  }
  claim.op = static_cast<uint64_t>(std::max(0.0, op));
  return makeBool(env, instance->limits->endLease(spec, key, claim, granted, unleased, nowMs, askAgainMs));
}

// (…, nodes, nowMs, askAgainMs) → whether the counter was in reach
napi_value takeShare(napi_env env, napi_callback_info info) {
  const Arguments<7> arguments(env, info);
  Instance* instance = instanceOf(env, arguments.data);
  LimitSpec spec;
  limits::CounterKey key;
  double nodes = 0, nowMs = 0, askAgainMs = 0;
  if (instance == nullptr || !leaseOf(env, arguments.at, &spec, &key) ||
      !numbersOf(env, &arguments.at[4], {&nodes, &nowMs, &askAgainMs})) {
    return nullptr;
  }
  return makeBool(env, instance->limits->takeShare(spec, key, nodes, nowMs, askAgainMs));
}

// (cursor, most, nowMs, answerByMs) → [next cursor, …, each: counterKey, op, used, held, windowEndMs]
napi_value claimWindows(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  Instance* instance = instanceOf(env, arguments.data);
  double nowMs = 0, answerByMs = 0;
  if (instance == nullptr || !numbersOf(env, &arguments.at[2], {&nowMs, &answerByMs})) return nullptr;
  uint32_t cursor = uint32Of(env, arguments[0]);
  const auto found = instance->limits->claimWindows(&cursor, uint32Of(env, arguments[1]), nowMs, answerByMs);
  napi_value array;
  if (napi_create_array(env, &array) != napi_ok) return nullptr;
  uint32_t at = 0;
  napi_set_element(env, array, at++, makeUint32(env, cursor));
  for (const limits::LeasedWindow& window : found) {
    const std::string key = toHex(window.key.high) + toHex(window.key.low);
    napi_set_element(env, array, at++, makeUtf8(env, key.data(), key.size()));
    napi_set_element(env, array, at++, makeNumber(env, static_cast<double>(window.claim.op)));
    napi_set_element(env, array, at++, makeNumber(env, window.claim.used));
    napi_set_element(env, array, at++, makeNumber(env, window.claim.held));
    napi_set_element(env, array, at++, makeNumber(env, window.claim.windowEndMs));
  }
  return array;
}

// (…, nowMs) → whether there is such a counter; used, held and the window's end are in the array
napi_value look(napi_env env, napi_callback_info info) {
  const Arguments<5> arguments(env, info);
  Instance* instance = instanceOf(env, arguments.data);
  LimitSpec spec;
  limits::CounterKey key;
  double nowMs = 0;
  if (instance == nullptr || !leaseOf(env, arguments.at, &spec, &key) ||
      !numbersOf(env, &arguments.at[4], {&nowMs})) {
    return nullptr;
  }
  const limits::Holding holding = instance->limits->look(spec, key, nowMs);
  instance->out[kUsed] = holding.used;
  instance->out[kHeld] = holding.held;
  instance->out[kWindowEndMs] = holding.windowEndMs;
  return makeBool(env, holding.known);
}

// (on, byDefault)
napi_value setLeasing(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  Instance* instance = instanceOf(env, arguments.data);
  if (instance == nullptr) return nullptr;
  instance->limits->setLeasing(boolOf(env, arguments[0]), boolOf(env, arguments[1]));
  return nullptr;
}

// () → { id, redisRun, nodes } of this machine as a node, the first two as 16 hexadecimal digits
napi_value nodeRecord(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  Instance* instance = instanceOf(env, arguments.data);
  napi_value object;
  if (instance == nullptr || napi_create_object(env, &object) != napi_ok) return nullptr;
  const limits::NodeRecord node = instance->limits->node();
  const std::string id = toHex(node.id), run = toHex(node.redisRun);
  setProperty(env, object, "id", makeUtf8(env, id.data(), id.size()));
  setProperty(env, object, "redisRun", makeUtf8(env, run.data(), run.size()));
  setProperty(env, object, "nodes", makeUint32(env, node.nodes));
  return object;
}

// (redisRun, nodes)
napi_value noteCluster(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  Instance* instance = instanceOf(env, arguments.data);
  uint64_t run = 0;
  if (instance == nullptr || !hexOf(textOf(env, arguments[0]), 0, 16, &run)) return nullptr;
  instance->limits->noteCluster(run, uint32Of(env, arguments[1]));
  return nullptr;
}

// (current, wanted) → the node's id from now on: `wanted`, or what another process has set
napi_value claimNodeId(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  Instance* instance = instanceOf(env, arguments.data);
  uint64_t current = 0, wanted = 0;
  if (instance == nullptr || !hexOf(textOf(env, arguments[0]), 0, 16, &current) ||
      !hexOf(textOf(env, arguments[1]), 0, 16, &wanted)) {
    return nullptr;
  }
  const std::string id = toHex(instance->limits->claimNodeId(current, wanted));
  return makeUtf8(env, id.data(), id.size());
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
  exportMethod(env, handle, "setLeasing", setLeasing, instance);
  exportMethod(env, handle, "beginLease", beginLease, instance);
  exportMethod(env, handle, "endLease", endLease, instance);
  exportMethod(env, handle, "takeShare", takeShare, instance);
  exportMethod(env, handle, "claimWindows", claimWindows, instance);
  exportMethod(env, handle, "look", look, instance);
  exportMethod(env, handle, "node", nodeRecord, instance);
  exportMethod(env, handle, "noteCluster", noteCluster, instance);
  exportMethod(env, handle, "claimNodeId", claimNodeId, instance);
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
  const std::string text = toHex(key.high) + toHex(key.low);
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
