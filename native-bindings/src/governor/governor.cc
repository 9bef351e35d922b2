#include "governor.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <iterator>

#include "../bindings/separators.h"
#include "../server/connection.h"
#include "../server/listener.h"
#include "governed-call.h"

namespace tidegate::governor {

namespace {

using http::FieldName;

// Bits of `credentialFields`.
constexpr uint16_t kXApiKey = 1;
constexpr uint16_t kXGoogApiKey = 2;
constexpr uint16_t kApiKey = 4;
constexpr uint16_t kAuthorization = 8;

std::string_view bearerOf(std::string_view value) {
  static constexpr char kBearer[] = "bearer ";
  if (value.size() < 7) return {};
  for (size_t i = 0; i < 7; i++) {
    if ((value[i] | 0x20) != (kBearer[i] | 0x20)) return {};
  }
  value.remove_prefix(7);
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  return value;
}

}  // namespace

Governor::Governor(GovernorHost& host) : host_(host) {}

Governor::~Governor() { close(); }

void Governor::close() {
  generation_.reset();
}

std::shared_ptr<Generation> Governor::begin() {
  auto generation = std::make_shared<Generation>();
  generation->id = nextGeneration_++;
  generation_ = generation;
  return generation;
}

Route* Governor::routeOf(const server::Exchange& exchange) {
  const http::RequestHead& head = exchange.head();
  const std::string_view path = exchange.text(head.path);
  // Equivalent spellings of a path are the router's to know.
  // `*` is no path.
  if (path.size() > 1024 || path.empty() || path.front() != '/' || path.find('%') != std::string_view::npos) return nullptr;
  key_.assign(exchange.method());
  key_.push_back(' ');
  if (generation_->byHost) key_.append(exchange.text(head.hostName));
  key_.push_back(' ');
  const size_t at = key_.size();
  key_.append(path);
  if (Route* route = generation_->exact.find(key_)) return route;
  const uint64_t depths = generation_->prefixDepths;
  if (depths == 0) return nullptr;
  auto segments = static_cast<size_t>(std::count(path.begin(), path.end(), '/'));
  for (size_t end = key_.size();; segments--) {
    if ((depths & depthBit(segments)) != 0) {
      if (Route* route = generation_->prefixes.find(std::string_view(key_).substr(0, end))) {
        return route->hole ? nullptr : route;
      }
    }
    if (end <= at) return nullptr;
    // The prefix `/` is the empty one: every path is below it.
    end = key_.rfind('/', end - 1);
  }
}

bool Governor::findCredential(const server::Exchange& exchange, const Credential** found,
                              uint16_t* credentialFields) const {
  *found = nullptr;
  for (const http::Field& field : exchange.head().fields) {
    uint16_t bit;
    switch (field.id) {
      case FieldName::kXApiKey: bit = kXApiKey; break;
      case FieldName::kXGoogApiKey: bit = kXGoogApiKey; break;
      case FieldName::kApiKey: bit = kApiKey; break;
      case FieldName::kAuthorization: bit = kAuthorization; break;
      default: continue;
    }
    // More than one key: which of them counts, and which go on, is JavaScript's to say.
    if (*found != nullptr) return false;
    std::string_view key = exchange.text(field.value);
    if (bit == kAuthorization) key = bearerOf(key);
    if (key.empty()) return false;
    // Keys beyond ASCII are digested as UTF-8 text there.
    for (const char byte : key) {
      if (static_cast<signed char>(byte) < 0) return false;
    }
    const digest::Sha256 digest = digest::sha256(key.data(), key.size());
    *found = generation_->keys.find(digest);
    if (*found == nullptr) {
      // A token counts as such in one place only.
      if (bit != kAuthorization) return false;
      const auto token = generation_->tokens.find(digest);
      if (token == generation_->tokens.end()) return false;
      *found = &token->second;
    }
    if ((*found)->application->isForgotten) return false;
    *credentialFields = bit;
  }
  // One that has expired is JavaScript's to refuse.
  if (*found != nullptr && exchange.startedAtMs >= (*found)->expiresAtMs) return false;
  return !hasOtherCredentials(exchange, *found != nullptr);
}

bool Governor::hasOtherCredentials(const server::Exchange& exchange, bool hasKey) const {
  const bool signatures = generation_->signatures;
  const std::vector<std::string>& certificates = generation_->certificateHeaders;
  if (!signatures && (hasKey || certificates.empty())) return false;
  for (const http::Field& field : exchange.head().fields) {
    if (field.id != FieldName::kOther) continue;
    const std::string_view name = exchange.text(field.name);
    if (signatures && name == "signature-input") return true;
    if (hasKey) continue;
    for (const std::string& one : certificates) {
      if (name == one) return true;
    }
  }
  return false;
}

bool Governor::learnCredential(const digest::Sha256& digest, Credential credential, bool isToken) {
  // Far more than are in use within a while; those beyond are JavaScript's.
  constexpr size_t kMaxKeys = 262'144;
  if (isToken ? !hasRoomForToken() : generation_->keys.size() >= kMaxKeys && generation_->keys.find(digest) == nullptr) return false;
  if (isToken) generation_->tokens[digest] = std::move(credential);
  else generation_->keys.put(digest, credential);
  return true;
}

bool Governor::hasRoomForToken() {
  constexpr size_t kMaxTokens = 20'000;
  constexpr double kSweepEveryMs = 1'000;
  auto& tokens = generation_->tokens;
  if (tokens.size() < kMaxTokens) return true;
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  const double nowMs = static_cast<double>(now.tv_sec) * 1000;
  if (nowMs - generation_->tokensSweptAtMs < kSweepEveryMs) return false;
  generation_->tokensSweptAtMs = nowMs;
  for (auto entry = tokens.begin(); entry != tokens.end();) {
    entry = entry->second.expiresAtMs <= nowMs ? tokens.erase(entry) : std::next(entry);
  }
  return tokens.size() < kMaxTokens;
}

void Governor::forgetApplication(uint64_t number) {
  const auto known = generation_->applications.find(number);
  if (known == generation_->applications.end()) return;
  known->second->isForgotten = true;
  generation_->applications.erase(known);
}

bool Governor::mayCall(const Service& service, const Application* application, double nowMs,
                       const Subscription** subscription) const {
  if (service.access == Access::kOpen) return true;
  if (application == nullptr) return false;
  if (service.access == Access::kKey) return true;
  const auto& all = application->subscriptions;
  const auto found = std::lower_bound(all.begin(), all.end(), service.subscribedAs,
                                      [](const Subscription& one, uint32_t number) { return one.service < number; });
  if (found == all.end() || found->service != service.subscribedAs || nowMs >= found->expiresAtMs) return false;
  *subscription = &*found;
  return true;
}

namespace {

// Among ten thousand routes nothing of a call's is in the caches any more. What is asked for while the key is digested, and
// while the caller is looked up, is there when it is needed.
template <size_t kBytes>
void prefetch(const void* at) {
  for (size_t offset = 0; offset < kBytes; offset += 64) __builtin_prefetch(static_cast<const char*>(at) + offset);
}

}  // namespace

bool Governor::take(server::Exchange& exchange) {
  if (generation_ == nullptr || generation_->routes.empty() || limits_ == nullptr) return false;
  const http::RequestHead& head = exchange.head();
  if (head.hasConnectionNames) return false;
  Route* route = routeOf(exchange);
  if (route == nullptr) return false;
  prefetch<sizeof(Route)>(route);
  uint16_t credentialFields = 0;
  const Credential* credential = nullptr;
  if (!findCredential(exchange, &credential, &credentialFields)) return false;
  const Plan* const plan = route->plan;
  prefetch<128>(&generation_->services[route->service]);
  if (plan != nullptr) prefetch<128>(plan);
  if (route->calls != nullptr) prefetch<8>(route->calls);
  prefetch<8>(route->name.data());
  const Subscription* subscription = nullptr;
  if (!mayCall(generation_->services[route->service],
               credential == nullptr ? nullptr : credential->application.get(), exchange.startedAtMs, &subscription)) {
    return false;
  }
  if (plan != nullptr) prefetch<192>(plan->targets.data());
  prefetch<sizeof(ServiceTally)>(generation_->services[route->service].tally);
  const uint64_t maxBodyBytes =
      std::min(route->maxBodyBytes, exchange.connection().listener().options().maxBodyBytes);
  if (!head.chunked && head.contentLength > maxBodyBytes) return false;
  if (head.chunked && !route->ai) return false;
  if (route->ai && !exchange.hasBody()) return false;

  const std::string& peer = exchange.connection().peerAddress();
  std::string clientAddress = peer;
  std::string_view scheme = "http";
  const auto proxies = proxies_.find(exchange.connection().listener().id);
  if (proxies != proxies_.end() && !proxies->second.empty() && proxies->second.trusts(peer)) {
    std::string_view forwardedFor;
    std::string_view proto;
    for (const http::Field& field : head.fields) {
      if (field.id == FieldName::kForwarded) return false;
      if (field.id == FieldName::kXForwardedFor) {
        if (forwardedFor.data() != nullptr) return false;
        forwardedFor = exchange.text(field.value);
      } else if (field.id == FieldName::kXForwardedProto) {
        proto = exchange.text(field.value);
      }
    }
    if (!forwardedFor.empty()) clientAddress = proxies->second.resolve(peer, forwardedFor);
    if (proto == "https") scheme = "https";
    else if (!proto.empty() && proto != "http") return false;
  }

  // JavaScript refuses, and says from where it was tried.
  if (credential != nullptr && credential->addresses != 0 &&
      !generation_->addressLists[credential->addresses].contains(clientAddress)) {
    return false;
  }

  GovernedCall* call = makeCall();
  call->subscription_ = subscription;
  call->begin(exchange, generation_, *route, credential == nullptr ? nullptr : credential->application,
              credentialFields, std::move(clientAddress), scheme);
  return true;
}

std::string_view Governor::nextId(double nowMs) {
  static constexpr char kAlphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
  if (nowMs != idMs_) {
    idMs_ = nowMs;
    auto rest = static_cast<uint64_t>(nowMs);
    for (int i = 9; i >= 0; i--) {
      id_[i] = kAlphabet[rest % 32];
      rest /= 32;
    }
    std::memcpy(id_ + 10, idProcess_.data(), std::min<size_t>(idProcess_.size(), 10));
  }
  uint32_t rest = ++idCount_;
  for (int i = 25; i >= 20; i--) {
    id_[i] = kAlphabet[rest % 32];
    rest /= 32;
  }
  return {id_, 26};
}

GovernedCall* Governor::makeCall() {
  std::unique_ptr<GovernedCall> call;
  if (freeCalls_.empty()) {
    call = std::make_unique<GovernedCall>(*this);
  } else {
    call = std::move(freeCalls_.back());
    freeCalls_.pop_back();
  }
  calls_.insert(call.get());
  return call.release();
}

void Governor::free(GovernedCall* call) {
  if (calls_.erase(call) == 0) return;
  host_.poller().clearDeadline(call);
  retired_.emplace_back(call);
}

void Governor::recycle() {
  for (auto& call : retired_) {
    if (freeCalls_.size() < 1024) freeCalls_.push_back(std::move(call));
  }
  retired_.clear();
}

uint32_t Governor::oldestGeneration() const {
  uint32_t oldest = generation_ == nullptr ? 0 : generation_->id;
  for (const GovernedCall* call : calls_) {
    if (call->generation_ != nullptr) oldest = std::min(oldest, call->generation_->id);
  }
  return oldest;
}

Counts Governor::takeCounts() {
  Counts counts;
  counts.epoch = counts_.epoch + 1;
  std::swap(counts, counts_);
  return counts;
}

void Governor::failAll(int error) {
  const std::vector<GovernedCall*> all(calls_.begin(), calls_.end());
  for (GovernedCall* call : all) {
    if (calls_.count(call) > 0) call->fail(error);
  }
}

}  // namespace tidegate::governor
