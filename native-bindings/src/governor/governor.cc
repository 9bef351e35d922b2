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

using http::FieldName;

namespace {

// Among ten thousand routes, or a hundred thousand keys, nothing of a call's is in the caches any more. What is asked for
// before other work is done is there when it is needed.
template <size_t kBytes>
void prefetch(const void* at) {
  // As a number: there may be nothing at all there.
  const auto begin = reinterpret_cast<uintptr_t>(at);
  for (size_t offset = 0; offset < kBytes; offset += 64) __builtin_prefetch(reinterpret_cast<const void*>(begin + offset));
  __builtin_prefetch(reinterpret_cast<const void*>(begin + kBytes - 1));
}

}  // namespace

Governor::Governor(GovernorHost& host) : host_(host) {}

Governor::~Governor() { close(); }

void Governor::close() {
  arrivals_.close();
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

const Credential* Governor::credentialOf(const SentKey& key) const {
  if (key.kind != SentKey::Kind::kOne) return nullptr;
  const Credential* found = generation_->keys.find(key.digest);
  // A token counts as such in one place only.
  if (found != nullptr || key.field != kAuthorization || generation_->tokens.empty()) return found;
  const auto token = generation_->tokens.find(key.digest);
  return token == generation_->tokens.end() ? nullptr : &token->second;
}

void Governor::prefetchCredential(const SentKey& key) const {
  if (key.kind == SentKey::Kind::kOne) generation_->keys.prefetch(key.digest);
}

void Governor::prefetchApplication(const SentKey& key) const {
  const Credential* const credential = credentialOf(key);
  if (credential != nullptr) prefetch<sizeof(Application)>(credential->application.get());
}

void Governor::prefetchCounters(const SentKey& key) const {
  const Credential* const credential = credentialOf(key);
  if (credential == nullptr || limits_ == nullptr) return;
  for (const Limit& limit : credential->application->limits) {
    if (limit.hasKey) limits_->prefetch(limit.key);
  }
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
  else generation_->keys.put(digest, std::move(credential));
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
  *subscription = nullptr;
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

bool Governor::readClient(const server::Exchange& exchange, std::string* address, std::string_view* scheme) const {
  const std::string& peer = exchange.connection().peerAddress();
  *address = peer;
  *scheme = "http";
  const auto proxies = proxies_.find(exchange.connection().listener().id);
  if (proxies == proxies_.end() || proxies->second.empty() || !proxies->second.trusts(peer)) return true;
  std::string_view forwardedFor;
  std::string_view proto;
  for (const http::Field& field : exchange.head().fields) {
    if (field.id == FieldName::kForwarded) return false;
    if (field.id == FieldName::kXForwardedFor) {
      if (forwardedFor.data() != nullptr) return false;
      forwardedFor = exchange.text(field.value);
    } else if (field.id == FieldName::kXForwardedProto) {
      proto = exchange.text(field.value);
    }
  }
  if (!forwardedFor.empty()) *address = proxies->second.resolve(peer, forwardedFor);
  if (proto == "https") *scheme = "https";
  else if (!proto.empty() && proto != "http") return false;
  return true;
}

bool Governor::take(server::Exchange& exchange, const SentKey& key) {
  if (generation_ == nullptr || generation_->routes.empty() || limits_ == nullptr) return false;
  const http::RequestHead& head = exchange.head();
  if (head.hasConnectionNames) return false;
  Route* route = routeOf(exchange);
  if (route == nullptr) return false;
  prefetch<sizeof(Route)>(route);
  const bool hasKey = key.kind != SentKey::Kind::kNone;
  const Credential* const credential = credentialOf(key);
  if (hasKey && credential == nullptr) return false;
  // One that has expired is JavaScript's to refuse.
  if (credential != nullptr && exchange.startedAtMs >= credential->expiresAtMs) return false;
  if (hasOtherCredentials(exchange, hasKey)) return false;
  const Application* const application = credential == nullptr ? nullptr : credential->application.get();
  if (application != nullptr && application->isForgotten) return false;

  std::string clientAddress;
  std::string_view scheme;
  if (!readClient(exchange, &clientAddress, &scheme)) return false;
  const uint64_t maxBodyBytes =
      std::min(route->maxBodyBytes, exchange.connection().listener().options().maxBodyBytes);
  if (!head.chunked && head.contentLength > maxBodyBytes) return false;
  if (head.chunked && !route->ai) return false;
  if (route->ai && !exchange.hasBody()) return false;

  const Service& service = generation_->services[route->service];
  prefetch<sizeof(Service)>(&service);
  const Plan* const plan = route->plan;
  if (plan != nullptr) prefetch<128>(plan);
  if (route->calls != nullptr) prefetch<8>(route->calls);
  prefetch<8>(route->name.data());
  // JavaScript refuses, and says from where it was tried.
  if (credential != nullptr && credential->addresses != 0 &&
      !generation_->addressLists[credential->addresses].contains(clientAddress)) {
    return false;
  }
  if (plan != nullptr) prefetch<192>(plan->targets.data());
  prefetch<sizeof(ServiceTally)>(service.tally);

  GovernedCall* call = makeCall();
  if (!mayCall(service, application, exchange.startedAtMs, &call->subscription_)) {
    free(call);
    return false;
  }
  call->begin(exchange, generation_, *route, credential == nullptr ? nullptr : credential->application, key.field,
              std::move(clientAddress), scheme);
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
