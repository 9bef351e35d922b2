// What the stages have decided about calls of one kind, so that the next ones of that kind need no JavaScript.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "../digest/sha256.h"
#include "../limits/shared-limits.h"
#include "../scan/usage-scan.h"
#include "client-address.h"
#include "digest-table.h"
#include "flat-table.h"
#include "short-list.h"

namespace tidegate::governor {

enum class LimitSubject : uint8_t { kApplication, kService, kAddress };

struct Limit {
  limits::LimitSpec spec;
  LimitSubject subject = LimitSubject::kApplication;
  std::string keyPrefix;  // the counter's name up to its subject
  bool hasKey = false;    // the subject is always the same
  limits::CounterKey key;
};

enum class Access : uint8_t { kOpen, kKey, kSubscription };

struct Service {
  std::string id;
  std::string team;
  Access access = Access::kSubscription;
  std::vector<Limit> limits;
  uint32_t subscribedAs = 0;  // the number of the service in subscriptions: that of all its releases
  double release = -1;        // for the record; below 0: none
  // Where its calls are counted, while `countsEpoch` is the governor's.
  uint32_t countsEpoch = 0;
  struct ServiceTally* tally = nullptr;
};

// An approved one. There may be very many: what they are limited to is kept once for all that have the same.
struct Subscription {
  uint32_t service = 0;  // Service.subscribedAs
  uint32_t limits = 0;   // a set of Generation.subscriptionLimits
  double expiresAtMs = 0;
};

// As it was when JavaScript told of it. Calls keep the one that they began with.
struct Application {
  std::string id;
  std::string team;
  ShortList<Limit, 2> limits;
  ShortList<Subscription, 2> subscriptions;  // by ascending service
  uint32_t modelAccess = 0;  // models are known for each number of this by itself: those that it may call
  bool isForgotten = false;  // it is another one by now, or gone: JavaScript has to say whose its credentials are
};

// Numbers shared with JavaScript for each upstream target, in a Float64Array.
struct TargetNumbers {
  double inFlight;
  double successes;
  double blocked;  // not 0: calls to it are JavaScript's to decide
  double credit;   // of round-robin: both sides take the same turns
};

// A target's head fields, with one of the provider's keys.
struct HeadVariant {
  std::string fields;
  double weight = 1;
  double credit = 0;
};

struct Price {
  double inputPerToken = 0;
  double outputPerToken = 0;
  double cachedInputPerToken = 0;
  double cacheWritePerToken = 0;
  double aboveInputTokens = -1;  // above it the price is JavaScript's to find; negative: never
};

struct PlanTarget {
  uint32_t origin = 0;
  TargetNumbers* numbers = nullptr;
  double weight = 1;
  std::string upstream;  // for the record
  // rest
  std::string pathPrefix;
  std::string host;
  // ai
  std::string requestLine;
  std::vector<HeadVariant> heads;
  std::vector<std::pair<std::string, std::string>> replaceable;  // name and value, unless the caller sends its own
  std::string provider;
  std::string model;
  std::string modelJson;     // as it stands in a request
  std::string answerFields;  // of a whole answer
  std::string streamFields;
  scan::UsageDialect dialect = scan::UsageDialect::kNone;
  bool translated = false;  // the provider speaks another dialect: JavaScript translates both bodies
  bool hasPrice = false;
  Price price;
  // Likewise, for the model that answered last.
  uint32_t countsEpoch = 0;
  std::string countedModel;
  struct ModelTally* tally = nullptr;
};

// Calls to one service.
struct ServiceTally {
  static constexpr size_t kBuckets = 17;
  double seconds = 0;
  double requestBytes = 0;
  double responseBytes = 0;
  double buckets[kBuckets] = {};
};

struct ModelTally {
  double inputTokens = 0;
  double outputTokens = 0;
  double cachedInputTokens = 0;
  double reasoningTokens = 0;
  double costUsd = 0;
};

struct Plan {
  uint32_t id = 0;
  bool ai = false;
  std::vector<PlanTarget> targets;
  bool roundRobin = false;  // otherwise drawn by weight
  uint32_t firstByteMs = 0;
  uint32_t idleMs = 0;
  uint32_t totalMs = 0;
  // rest
  uint32_t stripSegments = 0;
  bool preserveHost = false;
  bool setsHost = false;
  bool writesFor = true;
  bool writesProto = true;
  bool writesForwardedHost = true;
  bool writesId = true;
  bool idempotent = false;
  std::vector<std::string> droppedFields;
  std::string appendedFields;
  std::vector<std::string> droppedAnswerFields;
  std::string appendedAnswerFields;
  bool writesAnswerId = true;
  std::vector<uint16_t> gate;  // statuses that JavaScript decides about
  // ai
  std::string modelAsked;
  bool stream = false;
  bool includeUsage = false;
  bool addUsage = false;        // ask for usage although the caller did not
  bool requestIdTwice = false;  // once more as `request-id`
  std::vector<std::string> forwardedFields;
  uint64_t maxResponseBytes = 0;
  std::vector<std::string> foreignMarks;  // a body that holds one of these is JavaScript's
};

// Of one worker, since JavaScript asked last.
struct Counts {
  uint32_t epoch = 1;
  std::map<std::tuple<std::string, std::string, uint16_t>, double> calls;  // by service, route and status
  std::map<std::string, ServiceTally> services;
  std::map<std::pair<std::string, std::string>, ModelTally> models;  // by provider and model that answered
};

// What a call looks at comes first, within one cache line.
struct Route {
  Plan* plan = nullptr;  // rest
  uint64_t maxBodyBytes = 0;
  uint32_t service = 0;
  // Where its calls are counted, while `countsEpoch` is the governor's: those of the first status, mostly all, and others.
  uint32_t countsEpoch = 0;
  double* calls = nullptr;
  uint16_t callsStatus = 0;
  bool ai = false;
  bool hole = false;  // JavaScript has to say
  uint32_t id = 0;
  std::string name;  // for the record
  std::vector<std::pair<uint16_t, double*>> otherCalls;
};

struct DigestHash {
  size_t operator()(const digest::Sha256& digest) const {
    size_t hash;
    std::memcpy(&hash, digest.data(), sizeof hash);
    return hash;
  }
};

// A key, or a token that JavaScript has verified, by its digest.
struct Credential {
  double expiresAtMs = 0;  // Unix time; infinite: never
  std::shared_ptr<Application> application;
  uint32_t addresses = 0;  // place in `addressLists`; 0: any

  bool isNone() const { return application == nullptr; }
};

// Of Generation.models.
inline void appendModelKey(std::string* key, uint32_t route, uint8_t flags, uint32_t modelAccess,
                           std::string_view model) {
  key->append(reinterpret_cast<const char*>(&route), sizeof route);
  key->append(reinterpret_cast<const char*>(&modelAccess), sizeof modelAccess);
  key->push_back(static_cast<char>(flags));
  key->append(model);
}

// The bit of a prefix of so many segments.
constexpr uint64_t depthBit(size_t segments) { return uint64_t{1} << (segments < 63 ? segments : 63); }

// All that holds for one snapshot. Calls keep the one that they began with.
struct Generation {
  uint32_t id = 0;
  bool byHost = false;  // routes differ by host
  std::vector<Service> services;
  // Those that have called, by the first bytes of their ids' digests: there may be very many that never do.
  std::unordered_map<uint64_t, std::shared_ptr<Application>> applications;
  std::vector<std::vector<Limit>> subscriptionLimits;  // key prefixes are what follows the subscription's own name
  DigestTable<Credential> keys;
  // Apart from keys: they come and go.
  std::unordered_map<digest::Sha256, Credential, DigestHash> tokens;
  double tokensSweptAtMs = 0;
  std::vector<AddressRanges> addressLists;
  bool signatures = false;                      // requests with `signature-input` are JavaScript's
  std::vector<std::string> certificateHeaders;  // and without a key those with one of these fields
  std::vector<std::unique_ptr<Route>> routes;
  std::vector<std::unique_ptr<Plan>> plans;
  std::unordered_map<uint32_t, Plan*> plansById;  // of ordinary services: routes share them
  FlatTable<Route> exact;     // `METHOD host path`
  FlatTable<Route> prefixes;  // the same, up to a segment's end
  FlatTable<Plan> models;     // route, flags, model access of the caller, model
  // Bit n: a prefix of n segments is known; the last bit stands for all above.
  uint64_t prefixDepths = 0;
};

}  // namespace tidegate::governor
