#include "governed-call.h"

#include <algorithm>
#include <cstring>

#include "../scan/json-scan.h"
#include "../server/connection.h"
#include "../server/listener.h"
#include "plain-string.h"

namespace tidegate::governor {

namespace {

// Bodies up to this are held whole: one write to the upstream, and JavaScript can send them again.
constexpr size_t kHeldBodyBytes = 64 * 1024;

// What callers say of how their call is to be made begins with this: JavaScript's to read.
constexpr std::string_view kHintPrefix = "x-tidegate-";

bool hasHints(const server::Exchange& exchange) {
  for (const http::Field& field : exchange.head().fields) {
    if (field.id != http::FieldName::kOther || field.name.length <= kHintPrefix.size()) continue;
    if (exchange.text(field.name).substr(0, kHintPrefix.size()) == kHintPrefix) return true;
  }
  return false;
}

}  // namespace

GovernedCall::GovernedCall(Governor& governor) : governor_(governor) {}

void GovernedCall::begin(server::Exchange& exchange, std::shared_ptr<Generation> generation, Route& route,
                         std::shared_ptr<const Application> application, uint16_t credentialFields, std::string clientAddress,
                         std::string_view scheme) {
  generation_ = std::move(generation);
  exchange_ = &exchange;
  call_ = nullptr;
  route_ = &route;
  plan_ = nullptr;
  target_ = nullptr;
  application_ = std::move(application);
  credentialFields_ = credentialFields;
  clientAddress_ = std::move(clientAddress);
  scheme_ = scheme;
  body_.clear();
  fields_.clear();
  held_.clear();
  gated_.clear();
  failureCode_.clear();
  modelServed_.clear();
  reservationCount_ = 0;
  tightestRequests_ = tightestTokens_ = {};
  mode_ = Mode::kNone;
  usage_ = {};
  costUsd_ = dispatchedMs_ = firstByteMs_ = -1;
  expectedBytes_ = 0;
  status_ = 0;
  known_ = committed_ = counted_ = streamedBody_ = finished_ = false;
  exchange.setObserver(this);
  // Before a byte of the body is asked for: who is refused needs not send it.
  if (!admit()) {
    giveUp();
    return;
  }
  const uint64_t maxBodyBytes = std::min(route.maxBodyBytes, exchange.connection().listener().options().maxBodyBytes);
  if (route.ai) {
    exchange.readWhole(maxBodyBytes);
    return;
  }
  // An ordinary service: the body matters to nobody here.
  streamedBody_ = exchange.head().contentLength > kHeldBodyBytes;
  if (!streamedBody_ && exchange.hasBody() && !exchange.bodyArrived()) {
    // What holds for the whole exchange holds for a body that is still to come.
    exchange.idleTimeoutMs = route.plan->idleMs;
    setDeadline(*route.plan);
    exchange.readWhole(maxBodyBytes);
    return;
  }
  forward(*route.plan);
}

void GovernedCall::onWholeBody(server::Exchange& exchange, bool tooLong) {
  if (tooLong) {
    giveUp();
    return;
  }
  if (!route_->ai) {
    forward(*route_->plan);
    return;
  }
  if (hasHints(exchange)) return giveUp();
  static constexpr std::string_view kNames[] = {"model", "stream", "stream_options", "models", "fallbacks"};
  scan::ValueSpan spans[5];
  const std::string_view body = exchange.body();
  if (!scan::scanTopLevel(body.data(), body.size(), kNames, 5, spans)) return giveUp();
  // Fallbacks that the caller names: likewise.
  if (spans[3].found() || spans[4].found()) return giveUp();
  modelSpan_ = spans[0];
  const std::string_view model = plainString(spans[0].in(body.data()));
  if (model.empty() || model.size() > 200) return giveUp();
  uint8_t flags = 0;
  if (spans[1].found()) {
    const std::string_view stream = spans[1].in(body.data());
    if (stream == "true") flags |= 1;
    else if (stream != "false") return giveUp();
  }
  // Whether the caller wants usage is JavaScript's to read, unless nobody says anything.
  if (spans[2].found()) {
    static constexpr std::string_view kUsual[] = {R"({"include_usage":true})", R"({"include_usage": true})"};
    const std::string_view options = spans[2].in(body.data());
    if ((flags & 1) == 0 || (options != kUsual[0] && options != kUsual[1])) return giveUp();
    flags |= 2;
  }
  std::string& key = governor_.key_;
  key.clear();
  appendModelKey(&key, route_->id, flags, application_ == nullptr ? 0 : application_->modelAccess, model);
  Plan* plan = generation_->models.find(key);
  if (plan == nullptr) return giveUp();
  for (const std::string& mark : plan->foreignMarks) {
    if (memmem(body.data(), body.size(), mark.data(), mark.size()) != nullptr) return giveUp();
  }
  plan_ = plan;
  forward(*plan);
}

// From the head on, however long the body takes.
void GovernedCall::setDeadline(const Plan& plan) {
  if (plan.totalMs > 0) governor_.host_.poller().setDeadline(this, exchange_->startedAtNs / 1'000'000 + plan.totalMs);
}

bool GovernedCall::onBodyChunk(server::Exchange&, const char* bytes, size_t length) {
  return call_ == nullptr || call_->writeBody(bytes, length);
}

void GovernedCall::onBodyEnd(server::Exchange&) {
  if (call_ != nullptr) call_->endBody();
}

void GovernedCall::onDrain(server::Exchange&) {
  if (call_ != nullptr) call_->resume();
}

void GovernedCall::onAborted(server::Exchange& exchange) {
  const bool begun = exchange.answerBegun();
  // SDKs may close at the end marker, without waiting for the end of the body.
  const bool isWhole = mode_ == Mode::kStream && committed_ && watcher_.finished && watcher_.usage.told();
  if (plan_ == nullptr) {
    // It left before anything was decided: still a call, and in the log.
    plan_ = route_->plan;
  }
  if (!begun) status_ = 499;
  leaveUpstream();
  if (isWhole) finish("ok", "", exchange.answerBytes());
  else finish("client_aborted", "client_closed_request", exchange.answerBytes());
}

}  // namespace tidegate::governor
