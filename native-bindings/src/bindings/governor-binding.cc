// The governor's functions for JavaScript. The first argument of each is the engine.
#include <algorithm>
#include <cstring>
#include <memory>

#include "../governor/governor.h"
#include "engine.h"
#include "journal-binding.h"
#include "limits-binding.h"
#include "napi.h"

namespace tidegate {

namespace {

using governor::Application;
using governor::Credential;
using governor::Generation;
using governor::HeadVariant;
using governor::Limit;
using governor::Plan;
using governor::PlanTarget;
using governor::Route;
using governor::Service;
using governor::Subscription;

constexpr size_t kMaxRoutes = 65'536;
constexpr size_t kMaxPlans = 65'536;

bool isNull(napi_env env, napi_value value) {
  napi_valuetype type;
  napi_typeof(env, value, &type);
  return type == napi_null || type == napi_undefined;
}

// Reads the properties of one object.
class Reader {
 public:
  Reader(napi_env env, napi_value object) : env_(env), object_(object) {}
  napi_value value(const char* name) const {
    napi_value value;
    napi_get_named_property(env_, object_, name, &value);
    return value;
  }
  std::string text(const char* name) const { return textOf(env_, value(name)); }
  double number(const char* name) const { return numberOf(env_, value(name)); }
  uint32_t integer(const char* name) const { return uint32Of(env_, value(name)); }
  bool truth(const char* name) const { return boolOf(env_, value(name)); }
  bool isNull(const char* name) const {
    napi_valuetype type;
    napi_typeof(env_, value(name), &type);
    return type == napi_null || type == napi_undefined;
  }
  template <typename Each>
  void each(const char* name, Each each) const {
    const napi_value array = value(name);
    uint32_t length = 0;
    napi_get_array_length(env_, array, &length);
    for (uint32_t i = 0; i < length; i++) {
      napi_value element;
      napi_get_element(env_, array, i, &element);
      each(element);
    }
  }
  std::vector<std::string> texts(const char* name) const {
    std::vector<std::string> all;
    each(name, [&](napi_value element) { all.push_back(textOf(env_, element)); });
    return all;
  }
  napi_env env() const { return env_; }

 private:
  napi_env env_;
  napi_value object_;
};

Limit limitOf(napi_env env, napi_value value) {
  const Reader reader(env, value);
  Limit limit;
  limit.spec.algorithm = static_cast<limits::Algorithm>(reader.integer("algorithm"));
  limit.spec.unit = static_cast<limits::Unit>(reader.integer("unit"));
  limit.spec.sharing = static_cast<limits::Sharing>(reader.integer("sharing"));
  limit.spec.amount = reader.number("amount");
  limit.spec.windowMs = reader.number("windowMs");
  limit.subject = static_cast<governor::LimitSubject>(reader.integer("subject"));
  limit.keyPrefix = reader.text("keyPrefix");
  limit.hasKey = !reader.isNull("key");
  if (limit.hasKey) limit.key = limits::counterKeyOf(reader.text("key"));
  return limit;
}

std::vector<Limit> limitsOf(const Reader& reader) {
  std::vector<Limit> limits;
  reader.each("limits", [&](napi_value element) { limits.push_back(limitOf(reader.env(), element)); });
  return limits;
}

std::vector<Limit> limitsIn(napi_env env, napi_value array) {
  std::vector<Limit> limits;
  uint32_t length = 0;
  napi_get_array_length(env, array, &length);
  for (uint32_t i = 0; i < length; i++) {
    napi_value element;
    napi_get_element(env, array, i, &element);
    limits.push_back(limitOf(env, element));
  }
  return limits;
}

template <typename Value>
Value valueAt(const char* bytes, size_t at) {
  Value value;
  std::memcpy(&value, bytes + at, sizeof value);
  return value;
}

// See NativeApplication in engine.ts for the bytes. False: they refer to limits that are not there.
bool readSubscriptions(const Reader& reader, const Generation& generation, Application* application) {
  constexpr size_t kBytes = 2 * sizeof(uint32_t) + sizeof(double);
  char* bytes = nullptr;
  size_t length = 0;
  if (!bytesOf(reader.env(), reader.value("subscriptions"), &bytes, &length)) return false;
  std::vector<Subscription> subscriptions;
  subscriptions.reserve(length / kBytes);
  for (size_t at = 0; at + kBytes <= length; at += kBytes) {
    Subscription one;
    one.service = valueAt<uint32_t>(bytes, at);
    one.limits = valueAt<uint32_t>(bytes, at + sizeof(uint32_t));
    one.expiresAtMs = valueAt<double>(bytes, at + 2 * sizeof(uint32_t));
    if (one.limits >= generation.subscriptionLimits.size()) return false;
    subscriptions.push_back(one);
  }
  application->subscriptions = std::move(subscriptions);
  return true;
}

// (engine, numbers: Buffer over a Float64Array, worker, idProcess)
napi_value governorSetUp(napi_env env, napi_callback_info info) {
  Arguments<4> arguments(env, info);
  Engine* engine = engineOf(env, arguments[0]);
  char* numbers = nullptr;
  size_t length = 0;
  bytesOf(env, arguments[1], &numbers, &length);
  engine->setNumbers(arguments[1], reinterpret_cast<double*>(numbers), length / sizeof(governor::TargetNumbers));
  engine->governor().setWorker(uint32Of(env, arguments[2]));
  engine->governor().setIdPrefix(textOf(env, arguments[3]));
  return nullptr;
}

// (engine, handle of openLimits | null)
napi_value governorLimits(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  engineOf(env, arguments[0])->governor().setLimits(
      isNull(env, arguments[1]) ? nullptr : sharedLimitsOf(env, arguments[1]));
  return nullptr;
}

// (engine, journal | null)
napi_value governorJournal(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  engineOf(env, arguments[0])->governor().setJournal(
      isNull(env, arguments[1]) ? nullptr : journalOf(env, arguments[1]));
  return nullptr;
}

void addRanges(napi_env env, napi_value texts, governor::AddressRanges* ranges) {
  uint32_t length = 0;
  napi_get_array_length(env, texts, &length);
  for (uint32_t i = 0; i < length; i++) {
    napi_value element;
    napi_get_element(env, texts, i, &element);
    ranges->add(textOf(env, element));
  }
}

governor::AddressRanges rangesOf(napi_env env, napi_value texts) {
  governor::AddressRanges ranges;
  addRanges(env, texts, &ranges);
  return ranges;
}

// (engine, listener, ranges: string[])
napi_value governorProxies(napi_env env, napi_callback_info info) {
  Arguments<3> arguments(env, info);
  governor::TrustedProxies proxies;
  addRanges(env, arguments[2], &proxies);
  engineOf(env, arguments[0])->governor().setProxies(uint32Of(env, arguments[1]), std::move(proxies));
  return nullptr;
}

// (engine, NativeGeneration of engine.ts) => generation
napi_value governorBegin(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  const Reader reader(env, arguments[1]);
  const std::shared_ptr<Generation> generation = engineOf(env, arguments[0])->governor().begin();
  generation->byHost = reader.truth("byHost");
  generation->addressLists.emplace_back();
  generation->subscriptionLimits.emplace_back();
  generation->signatures = reader.truth("signatures");
  generation->certificateHeaders = reader.texts("certificateHeaders");
  return makeNumber(env, generation->id);
}

// The second argument of what is learned. Null: another snapshot holds by now.
std::shared_ptr<Generation> generationOf(napi_env env, Engine* engine, napi_value id) {
  const auto& generation = engine->governor().generation();
  return generation != nullptr && generation->id == uint32Of(env, id) ? generation : nullptr;
}

// (engine, generation, NativeService of engine.ts) => its number, or -1
napi_value learnService(napi_env env, napi_callback_info info) {
  Arguments<3> arguments(env, info);
  const auto generation = generationOf(env, engineOf(env, arguments[0]), arguments[1]);
  if (generation == nullptr) return makeNumber(env, -1);
  const Reader reader(env, arguments[2]);
  Service service;
  service.id = reader.text("id");
  service.team = reader.text("team");
  service.access = static_cast<governor::Access>(reader.integer("access"));
  service.limits = limitsOf(reader);
  service.subscribedAs = reader.integer("subscribedAs");
  service.release = reader.number("release");
  generation->services.push_back(std::move(service));
  return makeNumber(env, static_cast<double>(generation->services.size() - 1));
}

// (engine, generation, ranges: string[]) => the list's number, or -1
napi_value learnAddresses(napi_env env, napi_callback_info info) {
  Arguments<3> arguments(env, info);
  const auto generation = generationOf(env, engineOf(env, arguments[0]), arguments[1]);
  if (generation == nullptr) return makeNumber(env, -1);
  generation->addressLists.push_back(rangesOf(env, arguments[2]));
  return makeNumber(env, static_cast<double>(generation->addressLists.size() - 1));
}

// (engine, generation, limits) => the set's number, or -1
napi_value learnSubscriptionLimits(napi_env env, napi_callback_info info) {
  Arguments<3> arguments(env, info);
  const auto generation = generationOf(env, engineOf(env, arguments[0]), arguments[1]);
  if (generation == nullptr) return makeNumber(env, -1);
  generation->subscriptionLimits.push_back(limitsIn(env, arguments[2]));
  return makeNumber(env, static_cast<double>(generation->subscriptionLimits.size() - 1));
}

// (engine, generation, NativeApplication of engine.ts) => whether it is known
napi_value learnApplication(napi_env env, napi_callback_info info) {
  Arguments<3> arguments(env, info);
  const auto generation = generationOf(env, engineOf(env, arguments[0]), arguments[1]);
  if (generation == nullptr) return makeBool(env, false);
  const Reader reader(env, arguments[2]);
  char* number = nullptr;
  size_t length = 0;
  if (!bytesOf(env, reader.value("number"), &number, &length) || length != sizeof(uint64_t)) return makeBool(env, false);
  auto& known = generation->applications[valueAt<uint64_t>(number, 0)];
  // One of two whose numbers are the same, though there hardly ever are two: the other one is JavaScript's.
  if (known != nullptr) return makeBool(env, known->id == reader.text("id"));
  auto application = std::make_shared<Application>();
  application->id = reader.text("id");
  application->team = reader.text("team");
  application->limits = limitsOf(reader);
  application->modelAccess = reader.integer("modelAccess");
  if (!readSubscriptions(reader, *generation, application.get())) {
    generation->applications.erase(valueAt<uint64_t>(number, 0));
    return makeBool(env, false);
  }
  known = std::move(application);
  return makeBool(env, true);
}

HeadVariant variantOf(napi_env env, napi_value value) {
  const Reader reader(env, value);
  return {reader.text("fields"), reader.number("weight"), 0};
}

PlanTarget targetOf(napi_env env, napi_value value, Engine* engine) {
  const Reader reader(env, value);
  PlanTarget target;
  target.origin = reader.integer("origin");
  target.numbers = engine->numbers(reader.integer("numbers"));
  target.weight = reader.number("weight");
  target.upstream = reader.text("upstream");
  target.pathPrefix = reader.text("pathPrefix");
  target.host = reader.text("host");
  target.requestLine = reader.text("requestLine");
  reader.each("heads", [&](napi_value element) { target.heads.push_back(variantOf(env, element)); });
  const std::vector<std::string> replaceable = reader.texts("replaceable");
  for (size_t i = 0; i + 1 < replaceable.size(); i += 2) {
    target.replaceable.emplace_back(replaceable[i], replaceable[i + 1]);
  }
  target.provider = reader.text("provider");
  target.model = reader.text("model");
  target.modelJson = reader.text("modelJson");
  target.answerFields = reader.text("answerFields");
  target.streamFields = reader.text("streamFields");
  target.dialect = static_cast<scan::UsageDialect>(reader.integer("dialect"));
  target.translated = reader.truth("translated");
  target.hasPrice = !reader.isNull("price");
  if (target.hasPrice) {
    const Reader price(env, reader.value("price"));
    target.price = {price.number("input"), price.number("output"), price.number("cached"), price.number("written"),
                    price.number("above")};
  }
  return target;
}

std::unique_ptr<Plan> planOf(napi_env env, napi_value value, Engine* engine) {
  const Reader reader(env, value);
  auto plan = std::make_unique<Plan>();
  plan->id = reader.integer("id");
  plan->ai = reader.truth("ai");
  reader.each("targets", [&](napi_value element) { plan->targets.push_back(targetOf(env, element, engine)); });
  plan->roundRobin = reader.truth("roundRobin");
  plan->firstByteMs = reader.integer("firstByteMs");
  plan->idleMs = reader.integer("idleMs");
  plan->totalMs = reader.integer("totalMs");
  plan->stripSegments = reader.integer("stripSegments");
  plan->preserveHost = reader.truth("preserveHost");
  plan->setsHost = reader.truth("setsHost");
  plan->writesFor = reader.truth("writesFor");
  plan->writesProto = reader.truth("writesProto");
  plan->writesForwardedHost = reader.truth("writesForwardedHost");
  plan->writesId = reader.truth("writesId");
  plan->idempotent = reader.truth("idempotent");
  plan->droppedFields = reader.texts("droppedFields");
  plan->appendedFields = reader.text("appendedFields");
  plan->droppedAnswerFields = reader.texts("droppedAnswerFields");
  plan->appendedAnswerFields = reader.text("appendedAnswerFields");
  plan->writesAnswerId = reader.truth("writesAnswerId");
  reader.each("gate", [&](napi_value status) { plan->gate.push_back(static_cast<uint16_t>(uint32Of(env, status))); });
  plan->modelAsked = reader.text("modelAsked");
  plan->stream = reader.truth("stream");
  plan->includeUsage = reader.truth("includeUsage");
  plan->addUsage = reader.truth("addUsage");
  plan->requestIdTwice = reader.truth("requestIdTwice");
  plan->forwardedFields = reader.texts("forwardedFields");
  plan->maxResponseBytes = static_cast<uint64_t>(reader.number("maxResponseBytes"));
  plan->foreignMarks = reader.texts("foreignMarks");
  return plan;
}

// Of a route's key: neither method nor host has a slash.
uint64_t depthOf(const std::string& key) {
  return governor::depthBit(static_cast<size_t>(std::count(key.begin(), key.end(), '/')));
}

// (engine, generation, key, isPrefix, { name, service, ai, maxBodyBytes }, plan | id of a known one | null, holes: keys below the prefix that
// lead elsewhere) => route, or -1 when it is not taken: another snapshot holds by now, or too much was learned.
napi_value learnRoute(napi_env env, napi_callback_info info) {
  Arguments<7> arguments(env, info);
  Engine* engine = engineOf(env, arguments[0]);
  const auto generation = engine->governor().generation();
  if (generation == nullptr || generation->id != uint32Of(env, arguments[1])) return makeNumber(env, -1);
  if (generation->routes.size() >= kMaxRoutes) return makeNumber(env, -1);
  const Reader reader(env, arguments[4]);
  auto route = std::make_unique<Route>();
  route->name = reader.text("name");
  route->service = reader.integer("service");
  route->ai = reader.truth("ai");
  route->maxBodyBytes = static_cast<uint64_t>(reader.number("maxBodyBytes"));
  if (route->service >= generation->services.size()) return makeNumber(env, -1);
  napi_valuetype given;
  napi_typeof(env, arguments[5], &given);
  if (given == napi_number) {
    const auto known = generation->plansById.find(uint32Of(env, arguments[5]));
    if (known == generation->plansById.end()) return makeNumber(env, -1);
    route->plan = known->second;
  } else if (given == napi_object) {
    auto plan = planOf(env, arguments[5], engine);
    if (plan->targets.empty()) return makeNumber(env, -1);
    route->plan = plan.get();
    generation->plansById[plan->id] = plan.get();
    generation->plans.push_back(std::move(plan));
  } else if (!route->ai) {
    return makeNumber(env, -1);
  }
  const bool prefix = boolOf(env, arguments[3]);
  uint32_t holes = 0;
  napi_get_array_length(env, arguments[6], &holes);
  for (uint32_t i = 0; i < holes; i++) {
    napi_value element;
    napi_get_element(env, arguments[6], i, &element);
    const std::string key = textOf(env, element);
    if (generation->prefixes.find(key) != nullptr) continue;
    generation->routes.push_back(std::make_unique<Route>());
    generation->routes.back()->hole = true;
    generation->prefixes.put(key, generation->routes.back().get());
    generation->prefixDepths |= depthOf(key);
  }
  route->id = static_cast<uint32_t>(generation->routes.size());
  const std::string key = textOf(env, arguments[2]);
  (prefix ? generation->prefixes : generation->exact).put(key, route.get());
  if (prefix) generation->prefixDepths |= depthOf(key);
  generation->routes.push_back(std::move(route));
  return makeNumber(env, static_cast<double>(generation->routes.size() - 1));
}

// (engine, generation, route, flags, model access, model, plan) => whether it was taken
napi_value learnModel(napi_env env, napi_callback_info info) {
  Arguments<7> arguments(env, info);
  Engine* engine = engineOf(env, arguments[0]);
  const auto generation = engine->governor().generation();
  if (generation == nullptr || generation->id != uint32Of(env, arguments[1])) return makeBool(env, false);
  const uint32_t route = uint32Of(env, arguments[2]);
  if (generation->plans.size() >= kMaxPlans || route >= generation->routes.size()) return makeBool(env, false);
  auto plan = planOf(env, arguments[6], engine);
  if (plan->targets.empty()) return makeBool(env, false);
  const auto flags = static_cast<uint8_t>(uint32Of(env, arguments[3]));
  std::string key;
  governor::appendModelKey(&key, route, flags, uint32Of(env, arguments[4]), textOf(env, arguments[5]));
  generation->models.put(key, plan.get());
  generation->plans.push_back(std::move(plan));
  return makeBool(env, true);
}

// (engine, generation, digest, number of its application, expiresAtMs, addresses, isToken) => whether it was taken
napi_value learnCredential(napi_env env, napi_callback_info info) {
  Arguments<7> arguments(env, info);
  Engine* engine = engineOf(env, arguments[0]);
  const auto generation = generationOf(env, engine, arguments[1]);
  if (generation == nullptr) return makeBool(env, false);
  char* bytes = nullptr;
  size_t length = 0;
  digest::Sha256 digest;
  if (!bytesOf(env, arguments[2], &bytes, &length) || length != digest.size()) return makeBool(env, false);
  std::memcpy(digest.data(), bytes, length);
  if (!bytesOf(env, arguments[3], &bytes, &length) || length != sizeof(uint64_t)) return makeBool(env, false);
  const auto application = generation->applications.find(valueAt<uint64_t>(bytes, 0));
  const uint32_t addresses = uint32Of(env, arguments[5]);
  if (application == generation->applications.end() || addresses >= generation->addressLists.size()) {
    return makeBool(env, false);
  }
  Credential credential{numberOf(env, arguments[4]), application->second, addresses};
  return makeBool(env, engine->governor().learnCredential(digest, std::move(credential), boolOf(env, arguments[6])));
}

// (engine, numbers of applications, 8 bytes each)
napi_value forgetApplications(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  governor::Governor& governor = engineOf(env, arguments[0])->governor();
  char* bytes = nullptr;
  size_t length = 0;
  if (governor.generation() == nullptr || !bytesOf(env, arguments[1], &bytes, &length)) return nullptr;
  for (size_t at = 0; at + sizeof(uint64_t) <= length; at += sizeof(uint64_t)) {
    governor.forgetApplication(valueAt<uint64_t>(bytes, at));
  }
  return nullptr;
}

// (engine, model): of the answers translated from now on
napi_value setServedModel(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  engineOf(env, arguments[0])->setServedModel(textOf(env, arguments[1]));
  return nullptr;
}

napi_value governorOpen(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  return makeNumber(env, static_cast<double>(engineOf(env, arguments[0])->governor().open()));
}

// (engine) => [calls sent to an upstream without JavaScript, those of them that went on in JavaScript]
napi_value governorTaken(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  const governor::Governor& governor = engineOf(env, arguments[0])->governor();
  napi_value taken;
  napi_create_array(env, &taken);
  napi_set_element(env, taken, 0, makeNumber(env, static_cast<double>(governor.forwarded())));
  napi_set_element(env, taken, 1, makeNumber(env, static_cast<double>(governor.handedOver())));
  return taken;
}

// (engine) => the oldest generation that is still in use
napi_value governorOldest(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  return makeNumber(env, engineOf(env, arguments[0])->governor().oldestGeneration());
}

// (engine, error)
napi_value governorFail(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  engineOf(env, arguments[0])->governor().failAll(static_cast<int>(numberOf(env, arguments[1])));
  return nullptr;
}

napi_value makeArray(napi_env env) {
  napi_value array;
  napi_create_array(env, &array);
  return array;
}

// An array of texts and numbers.
class Row {
 public:
  explicit Row(napi_env env) : env_(env), array_(makeArray(env)) {}
  void push(napi_value value) { napi_set_element(env_, array_, length_++, value); }
  void push(const std::string& text) { push(makeUtf8(env_, text.data(), text.size())); }
  void push(double number) { push(makeNumber(env_, number)); }
  napi_value array() const { return array_; }

 private:
  napi_env env_;
  napi_value array_;
  uint32_t length_ = 0;
};

// (engine) => [calls, services, models], rows of each. Of calls: service, route, status, number. Of services: id, seconds,
// request bytes, response bytes, then the buckets. Of models: provider, model, input, output, cached input, reasoning
// tokens, US dollars.
napi_value governorCounts(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  const governor::Counts counts = engineOf(env, arguments[0])->governor().takeCounts();
  Row calls(env);
  for (const auto& [key, number] : counts.calls) {
    Row row(env);
    row.push(std::get<0>(key));
    row.push(std::get<1>(key));
    row.push(static_cast<double>(std::get<2>(key)));
    row.push(number);
    calls.push(row.array());
  }
  Row services(env);
  for (const auto& [id, tally] : counts.services) {
    Row row(env);
    row.push(id);
    for (const double number : {tally.seconds, tally.requestBytes, tally.responseBytes}) row.push(number);
    for (const double bucket : tally.buckets) row.push(bucket);
    services.push(row.array());
  }
  Row models(env);
  for (const auto& [key, tally] : counts.models) {
    Row row(env);
    row.push(key.first);
    row.push(key.second);
    for (const double number :
         {tally.inputTokens, tally.outputTokens, tally.cachedInputTokens, tally.reasoningTokens, tally.costUsd}) {
      row.push(number);
    }
    models.push(row.array());
  }
  Row all(env);
  for (const Row* rows : {&calls, &services, &models}) all.push(rows->array());
  return all.array();
}

}  // namespace

void exportGovernor(napi_env env, napi_value exports) {
  exportFunction(env, exports, "governorSetUp", governorSetUp);
  exportFunction(env, exports, "governorLimits", governorLimits);
  exportFunction(env, exports, "governorJournal", governorJournal);
  exportFunction(env, exports, "governorProxies", governorProxies);
  exportFunction(env, exports, "governorBegin", governorBegin);
  exportFunction(env, exports, "learnRoute", learnRoute);
  exportFunction(env, exports, "learnModel", learnModel);
  exportFunction(env, exports, "learnService", learnService);
  exportFunction(env, exports, "learnAddresses", learnAddresses);
  exportFunction(env, exports, "learnSubscriptionLimits", learnSubscriptionLimits);
  exportFunction(env, exports, "learnApplication", learnApplication);
  exportFunction(env, exports, "learnCredential", learnCredential);
  exportFunction(env, exports, "forgetApplications", forgetApplications);
  exportFunction(env, exports, "setServedModel", setServedModel);
  exportFunction(env, exports, "governorOpen", governorOpen);
  exportFunction(env, exports, "governorTaken", governorTaken);
  exportFunction(env, exports, "governorOldest", governorOldest);
  exportFunction(env, exports, "governorFail", governorFail);
  exportFunction(env, exports, "governorCounts", governorCounts);
}

}  // namespace tidegate
