#include "origin.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "../net/digits.h"
#include "upstream-call.h"
#include "upstream-connection.h"

namespace tidegate::client {

namespace {

// How long an answer of the resolver is believed; after that it is asked again while calls still go to what it said, and
// after the other they wait for its new answer.
constexpr uint64_t kResolveAgainMs = 10'000;
constexpr uint64_t kResolvedMs = 60'000;
// Bodies up to this keep their memory for the next call.
constexpr size_t kKeptBodyBytes = 16 * 1024;

bool parseAddress(const std::string& host, uint16_t port, SocketAddress* address) {
  auto& four = reinterpret_cast<sockaddr_in&>(address->storage);
  if (inet_pton(AF_INET, host.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    address->length = sizeof four;
    return true;
  }
  auto& six = reinterpret_cast<sockaddr_in6&>(address->storage);
  if (inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    address->length = sizeof six;
    return true;
  }
  return false;
}

}  // namespace

void ClientShared::retire(UpstreamCall* call) {
  call->forgetBodies(kKeptBodyBytes);
  deadCalls.emplace_back(call);
}

// Outlives the origin when that is closed while the resolver works.
struct Origin::Resolving {
  uv_getaddrinfo_t request;
  Origin* origin;
  void* held;  // the loop
};

Origin::Origin(ClientShared& shared, OriginOptions options) : shared_(shared), options_(std::move(options)) {
  SocketAddress address;
  if (!options_.unixPath.empty()) {
    auto& un = reinterpret_cast<sockaddr_un&>(address.storage);
    un.sun_family = AF_UNIX;
    std::strncpy(un.sun_path, options_.unixPath.c_str(), sizeof un.sun_path - 1);
    address.length = sizeof un;
    addresses_.push_back(address);
  } else if (parseAddress(options_.host, options_.port, &address)) {
    addresses_.push_back(address);
  } else {
    isName_ = true;
  }
}

Origin::~Origin() {
  close();
  shared_.poller->undefer(&failedResolve_);
  if (resolving_ != nullptr) resolving_->origin = nullptr;
}

void Origin::start(UpstreamCall& call, bool fresh) {
  if (closed_) {
    call.waitsSinceMs_ = shared_.poller->nowMs();
    waiting_.push_back(&call);
    shared_.poller->defer(&failedResolve_);
    return;
  }
  if (UpstreamConnection* idle = fresh ? nullptr : takeIdle()) {
    idle->take(call);
    return;
  }
  if (!isName_) {
    connect(call);
    return;
  }
  const uint64_t ageMs = shared_.poller->nowMs() - resolvedAtMs_;
  if (addresses_.empty() || ageMs > kResolvedMs) {
    call.waitsSinceMs_ = shared_.poller->nowMs();
    waiting_.push_back(&call);
    if (waiting_.size() == 1 && options_.connectTimeoutMs > 0) {
      shared_.poller->setDeadline(&resolveTimer_, call.waitsSinceMs_ + options_.connectTimeoutMs);
    }
    resolve();
    return;
  }
  if (ageMs > kResolveAgainMs) resolve();
  connect(call);
}

// The one used last. Not one that the upstream has just closed, as far as the kernel has told.
UpstreamConnection* Origin::takeIdle() {
  while (!idle_.empty()) {
    UpstreamConnection* connection = idle_.back();
    notIdle(connection);
    if (!shared_.poller->hasEvents(connection)) return connection;
    connection->cut();
  }
  return nullptr;
}

void Origin::remove(UpstreamCall& waiting) {
  waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), &waiting), waiting_.end());
}

void Origin::connect(UpstreamCall& call) {
  auto connection = std::make_unique<UpstreamConnection>(*this);
  UpstreamConnection* made = connection.release();
  made->allIndex = all_.size();
  all_.push_back(made);
  connections_++;
  const SocketAddress& address = addresses_[nextAddress_++ % addresses_.size()];
  made->connect(address, addresses_.size() - 1, call);
}

void Origin::resolve() {
  if (resolving_ != nullptr) return;
  if (shared_.poller->closed()) return;
  resolving_ = new Resolving{{}, this, shared_.poller->beginRequest()};
  resolving_->request.data = resolving_;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  if (uv_getaddrinfo(shared_.poller->loop(), &resolving_->request, onResolved, options_.host.c_str(), nullptr, &hints) !=
      0) {
    net::Poller::endRequest(resolving_->held);
    delete resolving_;
    resolving_ = nullptr;
    shared_.poller->defer(&failedResolve_);
  }
}

void Origin::FailedResolve::onTurnEnd() {
  if (origin.closed_) origin.failWaiting(UINT64_MAX, UpstreamError::kUnreachable, "the upstream was removed");
  else origin.resolved(UV_EAI_FAIL, nullptr);
}

void Origin::onResolved(uv_getaddrinfo_t* request, int status, addrinfo* found) {
  auto* resolving = static_cast<Resolving*>(request->data);
  if (resolving->origin != nullptr) {
    Origin& origin = *resolving->origin;
    origin.resolving_ = nullptr;
    net::Poller& poller = *origin.shared_.poller;
    if (!origin.closed_) {
      poller.beginTurn();
      origin.resolved(status, found);
      poller.endTurn();
    }
  }
  uv_freeaddrinfo(found);
  net::Poller::endRequest(resolving->held);
  delete resolving;
}

void Origin::resolved(int status, const addrinfo* found) {
  std::vector<SocketAddress> addresses;
  for (; status == 0 && found != nullptr; found = found->ai_next) {
    SocketAddress address;
    std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
    address.length = found->ai_addrlen;
    if (found->ai_family == AF_INET) reinterpret_cast<sockaddr_in&>(address.storage).sin_port = htons(options_.port);
    else if (found->ai_family == AF_INET6) reinterpret_cast<sockaddr_in6&>(address.storage).sin6_port = htons(options_.port);
    else continue;
    addresses.push_back(address);
  }
  if (!addresses.empty()) {
    addresses_ = std::move(addresses);
    nextAddress_ = 0;
  }
  // A name that can't be resolved any more may still be served by what it resolved to.
  resolvedAtMs_ = shared_.poller->nowMs();
  if (addresses_.empty()) {
    failWaiting(UINT64_MAX, UpstreamError::kUnreachable, "the name can't be resolved");
    return;
  }
  shared_.poller->clearDeadline(&resolveTimer_);
  std::deque<UpstreamCall*> waiting;
  waiting.swap(waiting_);
  for (UpstreamCall* call : waiting) connect(*call);
}

// Observers may start other calls meanwhile, or abort them: one by one, and those alone that wait now.
void Origin::failWaiting(uint64_t untilMs, UpstreamError error, const char* reason) {
  for (size_t left = waiting_.size(); left > 0 && !waiting_.empty(); left--) {
    UpstreamCall* call = waiting_.front();
    if (call->waitsSinceMs_ > untilMs) break;
    waiting_.pop_front();
    CallObserver* observer = call->observer_;
    shared_.retire(call);
    observer->onError(*call, error, reason);
  }
}

void Origin::ResolveTimer::onDeadline() {
  net::Poller& poller = *origin.shared_.poller;
  const uint32_t limitMs = origin.options_.connectTimeoutMs;
  origin.failWaiting(poller.nowMs() - limitMs, UpstreamError::kConnectTimeout, "the name was not resolved in time");
  if (!origin.waiting_.empty()) poller.setDeadline(this, origin.waiting_.front()->waitsSinceMs_ + limitMs);
}

void Origin::becameIdle(UpstreamConnection* connection) {
  connection->idleIndex = idle_.size();
  idle_.push_back(connection);
}

void Origin::notIdle(UpstreamConnection* connection) {
  if (connection->idleIndex == SIZE_MAX) return;
  UpstreamConnection* last = idle_.back();
  idle_[connection->idleIndex] = last;
  last->idleIndex = connection->idleIndex;
  idle_.pop_back();
  connection->idleIndex = SIZE_MAX;
}

void Origin::bury(UpstreamConnection* connection) {
  if (connection->allIndex == SIZE_MAX) return;
  notIdle(connection);
  UpstreamConnection* last = all_.back();
  all_[connection->allIndex] = last;
  last->allIndex = connection->allIndex;
  all_.pop_back();
  connection->allIndex = SIZE_MAX;
  connections_--;
  shared_.dead.emplace_back(connection);
}

void Origin::close() {
  closed_ = true;
  if (resolving_ != nullptr) uv_cancel(reinterpret_cast<uv_req_t*>(&resolving_->request));
  while (!all_.empty()) all_.back()->cut();
  failWaiting(UINT64_MAX, UpstreamError::kUnreachable, "the upstream was removed");
}

// --- UpstreamCall ---

UpstreamCall* UpstreamCall::make(Origin& origin, CallObserver* observer) {
  auto& free = origin.shared().freeCalls;
  std::unique_ptr<UpstreamCall> call;
  if (free.empty()) {
    call = std::make_unique<UpstreamCall>();
  } else {
    call = std::move(free.back());
    free.pop_back();
    call->reset();
  }
  call->origin_ = &origin;
  call->observer_ = observer;
  return call.release();
}

void UpstreamCall::reset() {
  head.clear();
  forgetBodies(SIZE_MAX);
  streamedBody = chunkedBody = isHead = idempotent = false;
  timeouts = {};
  connection_ = nullptr;
  gotHead_ = bodyEnded_ = paused_ = retried_ = bodyBegun_ = false;
}

void UpstreamCall::forgetBodies(size_t keptBytes) {
  body = {};
  for (std::string* text : {&ownBody, &earlyBody_}) {
    if (text->capacity() > keptBytes) std::string().swap(*text);
    else text->clear();
  }
}

void UpstreamCall::start() { origin_->start(*this, false); }

bool UpstreamCall::writeBody(const char* bytes, size_t length) {
  bodyBegun_ = true;
  if (connection_ == nullptr || connection_->state_ != UpstreamConnection::State::kBusy) {
    if (!chunkedBody) {
      earlyBody_.append(bytes, length);
    } else {
      earlyBody_.append(net::Digits(length, 16).view()).append("\r\n");
      earlyBody_.append(bytes, length);
      earlyBody_.append("\r\n");
    }
    return false;
  }
  if (!chunkedBody) return connection_->write(bytes, length);
  connection_->out_.append(net::Digits(length, 16).view());
  connection_->out_.append("\r\n");
  connection_->write(bytes, length);
  return connection_->write("\r\n", 2);
}

void UpstreamCall::endBody() {
  bodyEnded_ = true;
  if (connection_ == nullptr || connection_->state_ != UpstreamConnection::State::kBusy) return;
  if (chunkedBody) connection_->write("0\r\n\r\n", 5);
  connection_->requestSent_ = true;
  connection_->sentAtMs_ = origin_->shared().poller->nowMs();
  connection_->updateDeadline();
}

void UpstreamCall::resume() {
  if (!paused_) return;
  paused_ = false;
  if (connection_ == nullptr) return;
  connection_->wantsRead_ = true;
  connection_->progressedMs_ = origin_->shared().poller->nowMs();
  origin_->shared().poller->defer(connection_);
}

void UpstreamCall::abort() {
  auto& shared = origin_->shared();
  if (connection_ == nullptr) origin_->remove(*this);
  UpstreamConnection* connection = connection_;
  connection_ = nullptr;
  if (connection != nullptr) {
    connection->call_ = nullptr;
    connection->cut();
  }
  shared.retire(this);
}

}  // namespace tidegate::client
