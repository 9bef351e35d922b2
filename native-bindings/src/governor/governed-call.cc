#include "governed-call.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "../scan/json-scan.h"
#include "../server/connection.h"
#include "../server/listener.h"
#include "call-record.h"

namespace tidegate::governor {

namespace {

using http::FieldName;

// Bodies up to this are held whole: one write to the upstream, and JavaScript can send them again.
constexpr size_t kHeldBodyBytes = 64 * 1024;
// What is kept of an answer that JavaScript decides about.
constexpr size_t kMaxGatedBytes = 64 * 1024;
// No provider's event comes near.
constexpr size_t kMaxEventBytes = 8 * 1024 * 1024;
constexpr double kBytesPerToken = 4;

uint64_t nowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

double unixMs() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<double>(now.tv_sec) * 1000 + static_cast<double>(now.tv_nsec / 1'000'000);
}

double rounded(double ms) { return std::round(ms * 1000) / 1000; }

// Of a whole number. printf takes ten times as long.
void appendNumber(std::string& text, double number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<int64_t>(number)).ptr;
  text.append(digits, static_cast<size_t>(end - digits));
}

void appendField(std::string& fields, std::string_view name, std::string_view value) {
  fields.append(name).append(": ").append(value).append("\r\n");
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  for (const std::string& one : names) {
    if (one == name) return true;
  }
  return false;
}

// Fields that belong to one connection (RFC 9110 §7.6.1), and what this proxy writes itself.
bool neverForwarded(FieldName name) {
  switch (name) {
    case FieldName::kConnection:
    case FieldName::kKeepAlive:
    case FieldName::kProxyConnection:
    case FieldName::kProxyAuthorization:
    case FieldName::kProxyAuthenticate:
    case FieldName::kTe:
    case FieldName::kTrailer:
    case FieldName::kTransferEncoding:
    case FieldName::kUpgrade:
    case FieldName::kExpect:
    case FieldName::kHost:
    case FieldName::kContentLength:
    case FieldName::kForwarded:
    case FieldName::kXForwardedFor:
    case FieldName::kXForwardedProto:
    case FieldName::kXForwardedHost:
    case FieldName::kXRequestId:
      return true;
    default:
      return false;
  }
}

bool neverReturned(FieldName name) {
  switch (name) {
    case FieldName::kConnection:
    case FieldName::kKeepAlive:
    case FieldName::kProxyConnection:
    case FieldName::kTe:
    case FieldName::kTrailer:
    case FieldName::kTransferEncoding:
    case FieldName::kUpgrade:
    case FieldName::kContentLength:
    case FieldName::kDate:
    case FieldName::kXRequestId:
      return true;
    default:
      return false;
  }
}

uint16_t credentialBit(FieldName name) {
  switch (name) {
    case FieldName::kXApiKey: return 1;
    case FieldName::kXGoogApiKey: return 2;
    case FieldName::kApiKey: return 4;
    case FieldName::kAuthorization: return 8;
    default: return 0;
  }
}

// Whether Connection names this field: it belongs to the upstream's connection.
bool ofConnection(const http::ResponseHead& head, const char* bytes, std::string_view name) {
  if (!head.hasConnectionNames) return false;
  for (const http::Field& field : head.fields) {
    if (field.id != FieldName::kConnection) continue;
    std::string_view value = field.value.in(bytes);
    while (!value.empty()) {
      const size_t comma = value.find(',');
      std::string_view one = value.substr(0, comma);
      while (!one.empty() && (one.front() == ' ' || one.front() == '\t')) one.remove_prefix(1);
      while (!one.empty() && (one.back() == ' ' || one.back() == '\t')) one.remove_suffix(1);
      if (http::equalsIgnoringCase(one, name)) return true;
      value = comma == std::string_view::npos ? std::string_view() : value.substr(comma + 1);
    }
  }
  return false;
}

// Speaks of the target's health, not of the request.
bool isUnhealthy(uint16_t status) { return status == 502 || status == 503 || status == 504; }

// What follows the first `count` segments, with its slash; at least `/`.
std::string_view afterSegments(std::string_view path, uint32_t count) {
  if (count == 0) return path;
  size_t at = 0;
  for (uint32_t i = 0; i < count; i++) {
    at = path.find('/', at + 1);
    if (at == std::string_view::npos) return "/";
  }
  return path.substr(at);
}

// The text of a JSON string without escapes; data() null: it is none.
std::string_view plainString(std::string_view json) {
  if (json.size() < 2 || json.front() != '"' || json.back() != '"') return {};
  json = json.substr(1, json.size() - 2);
  return json.find('\\') == std::string_view::npos ? json : std::string_view();
}

// The code of an error in the call log (src/contracts/errors.ts).
const char* codeOf(int error) {
  if (error == kTotalTimeout) return "upstream_total_timeout";
  if (error == kDraining) return "not_ready";
  if (error == kEndedEarly) return "upstream_reset";
  switch (static_cast<client::UpstreamError>(error)) {
    case client::UpstreamError::kUnreachable: return "upstream_unreachable";
    case client::UpstreamError::kConnectTimeout: return "upstream_connect_timeout";
    case client::UpstreamError::kFirstByteTimeout: return "upstream_first_byte_timeout";
    case client::UpstreamError::kIdleTimeout: return "upstream_idle_timeout";
    case client::UpstreamError::kProtocol:
    case client::UpstreamError::kSwitched: return "upstream_protocol_error";
    case client::UpstreamError::kReset: break;
  }
  return "upstream_reset";
}

// Who ended it: the upstream, or this gateway.
const char* outcomeOf(int error) { return error == kDraining ? "error" : "upstream_cut"; }

size_t bucketOf(double seconds) {
  static constexpr double kBuckets[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                        0.5,   1,      2.5,   5,    10,    30,   60,  300};
  size_t at = 0;
  while (at < 16 && seconds > kBuckets[at]) at++;
  return at;
}

}  // namespace

GovernedCall::GovernedCall(Governor& governor) : governor_(governor) {}

void GovernedCall::begin(server::Exchange& exchange, std::shared_ptr<Generation> generation, Route& route, int application, uint16_t credentialFields, std::string clientAddress,
                         std::string_view scheme) {
  generation_ = std::move(generation);
  exchange_ = &exchange;
  call_ = nullptr;
  route_ = &route;
  plan_ = nullptr;
  target_ = nullptr;
  application_ = application;
  credentialFields_ = credentialFields;
  clientAddress_ = std::move(clientAddress);
  scheme_ = scheme;
  body_.clear();
  fields_.clear();
  held_.clear();
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
    exchange.readWhole(maxBodyBytes);
    return;
  }
  forward(*route.plan);
}

// --- the caller ---

void GovernedCall::onWholeBody(server::Exchange& exchange, bool tooLong) {
  if (tooLong) {
    giveUp();
    return;
  }
  if (!route_->ai) {
    forward(*route_->plan);
    return;
  }
  static constexpr std::string_view kNames[] = {"model", "stream", "stream_options"};
  scan::ValueSpan spans[3];
  const std::string_view body = exchange.body();
  if (!scan::scanTopLevel(body.data(), body.size(), kNames, 3, spans)) return giveUp();
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
  key.append(reinterpret_cast<const char*>(&route_->id), sizeof route_->id);
  key.push_back(static_cast<char>('0' + flags));
  key.append(model);
  Plan* plan = generation_->models.find(key);
  if (plan == nullptr) return giveUp();
  plan_ = plan;
  forward(*plan);
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
  if (plan_ == nullptr) {
    // It left before anything was decided: still a call, and in the log.
    plan_ = route_->plan;
  }
  if (!begun) status_ = 499;
  leaveUpstream();
  finish("client_aborted", "client_closed_request", exchange.answerBytes());
}

// --- admission ---

bool GovernedCall::reserve(const Limit& limit, const std::string& serviceId, bool ofSubscription) {
  if (limit.spec.unit != limits::Unit::kRequests && !route_->ai) return true;
  if (reservationCount_ == kMaxLimits) return false;
  limits::CounterKey key = limit.key;
  if (!limit.hasKey) {
    std::string& name = governor_.key_;
    name.clear();
    if (ofSubscription) {
      // As in src/data-plane/pipeline/subscriptions.ts.
      const Application& owner = generation_->applications[static_cast<size_t>(application_)];
      name.append("subscription ").append(owner.id).append(" ").append(serviceId);
    }
    name.append(limit.keyPrefix);
    if (limit.subject == LimitSubject::kService) name.append(serviceId);
    else if (limit.subject == LimitSubject::kApplication && application_ >= 0)
      name.append(generation_->applications[static_cast<size_t>(application_)].id);
    else name.append(clientAddress_);
    key = limits::counterKeyOf(name);
  }
  double amount = 1;
  if (limit.spec.unit == limits::Unit::kTokens) {
    // What is announced: of a chunked body, nothing.
    const http::RequestHead& head = exchange_->head();
    amount = std::ceil(static_cast<double>(head.chunked ? 0 : head.contentLength) / kBytesPerToken);
  } else if (limit.spec.unit == limits::Unit::kCost) {
    amount = 0;
  }
  const limits::Decision decision = governor_.limits_->reserve(limit.spec, key, amount, exchange_->startedAtMs);
  if (!decision.allowed) return false;
  reservations_[reservationCount_++] = {&limit, key, amount, decision.ledger};
  Tightest* tightest = limit.spec.unit == limits::Unit::kRequests ? &tightestRequests_
                       : limit.spec.unit == limits::Unit::kTokens ? &tightestTokens_
                                                                  : nullptr;
  if (tightest != nullptr && (tightest->limit == nullptr || decision.remaining < tightest->remaining)) {
    *tightest = {&limit, decision.remaining, decision.resetMs};
  }
  return true;
}

bool GovernedCall::admit() {
  const Service& service = generation_->services[route_->service];
  bool allowed = true;
  if (application_ >= 0) {
    for (const Limit& limit : generation_->applications[static_cast<size_t>(application_)].limits) {
      allowed = allowed && reserve(limit, service.id);
    }
  }
  if (subscription_ != nullptr) {
    for (const Limit& limit : generation_->subscriptionLimits[subscription_->limits]) {
      allowed = allowed && reserve(limit, service.id, true);
    }
  }
  for (const Limit& limit : service.limits) allowed = allowed && reserve(limit, service.id);
  if (allowed) return true;
  // JavaScript refuses, and says why; nothing may be counted twice.
  unreserve();
  return false;
}

void GovernedCall::unreserve() {
  if (governor_.limits_ == nullptr) reservationCount_ = 0;
  const double nowMs = unixMs();
  for (uint8_t i = 0; i < reservationCount_; i++) {
    const Reservation& one = reservations_[i];
    governor_.limits_->settle(one.limit->spec, one.key, one.amount, 0, exchange_->startedAtMs, nowMs, one.ledger);
  }
  reservationCount_ = 0;
}

// --- the way up ---

bool GovernedCall::choose(Plan& plan) {
  target_ = &plan.targets.front();
  if (plan.targets.size() > 1) {
    if (plan.roundRobin) {
      // Who is well is JavaScript's to say, as soon as one is not. No credit is gained meanwhile.
      for (const PlanTarget& one : plan.targets) {
        if (one.weight != 0 && one.numbers->blocked != 0) return false;
      }
      double total = 0;
      target_ = nullptr;
      for (PlanTarget& one : plan.targets) {
        if (one.weight == 0) continue;
        total += one.weight;
        one.numbers->credit += one.weight;
        if (target_ == nullptr || one.numbers->credit > target_->numbers->credit) target_ = &one;
      }
      if (target_ == nullptr) return false;
      target_->numbers->credit -= total;
    } else {
      double total = 0;
      for (const PlanTarget& one : plan.targets) total += one.weight;
      uint64_t& random = governor_.random_;
      random ^= random << 13;
      random ^= random >> 7;
      random ^= random << 17;
      double draw = static_cast<double>(random >> 11) / 9007199254740992.0 * total;
      for (PlanTarget& one : plan.targets) {
        target_ = &one;
        draw -= one.weight;
        if (draw < 0) break;
      }
    }
  }
  return target_->numbers->blocked == 0;
}

void GovernedCall::forward(Plan& plan) {
  client::Origin* origin = choose(plan) ? governor_.host_.origin(target_->origin) : nullptr;
  const auto targetIndex = static_cast<uint32_t>(target_ == nullptr ? 0 : target_ - plan.targets.data());
  if (origin == nullptr ||
      (target_->translated &&
       !governor_.host_.translateRequest(plan.id, targetIndex, exchange_->body(), &body_))) {
    giveUp();
    return;
  }
  plan_ = &plan;
  id_.assign(governor_.nextId(exchange_->startedAtMs));
  client::UpstreamCall* call = client::UpstreamCall::make(*origin, this);
  call_ = call;
  call->timeouts = {plan.firstByteMs, plan.idleMs};
  if (plan.ai) forwardAi(*call, *target_);
  else forwardRest(*call, *target_);
  if (plan.totalMs > 0) {
    // From the head on, however long the body took.
    governor_.host_.poller().setDeadline(this, exchange_->startedAtNs / 1'000'000 + plan.totalMs);
  }
  governor_.forwarded_++;
  dispatchedMs_ = sinceStartMs();
  target_->numbers->inFlight += 1;
  counted_ = true;
  call->start();
  if (streamedBody_ && call_ == call) exchange_->streamBody();
}

void GovernedCall::forwardRest(client::UpstreamCall& call, const PlanTarget& target) {
  const Plan& plan = *plan_;
  const http::RequestHead& head = exchange_->head();
  std::string& text = call.head;
  text.append(exchange_->method()).push_back(' ');
  text.append(target.pathPrefix).append(afterSegments(exchange_->text(head.path), plan.stripSegments));
  if (head.query.length > 0) text.append("?").append(exchange_->text(head.query));
  text.append(" HTTP/1.1\r\n");
  exchange_->idleTimeoutMs = plan.idleMs;
  // HTTP/1.0 may have none.
  const std::string_view host = exchange_->field(FieldName::kHost);
  if (!plan.setsHost) {
    appendField(text, "host", plan.preserveHost && host.data() != nullptr ? host : std::string_view(target.host));
  }
  for (const http::Field& field : head.fields) {
    if (neverForwarded(field.id)) continue;
    if ((credentialBit(field.id) & credentialFields_) != 0) continue;
    const std::string_view name = exchange_->text(field.name);
    if (!plan.droppedFields.empty() && contains(plan.droppedFields, name)) continue;
    appendField(text, name, exchange_->text(field.value));
  }
  if (plan.writesFor) {
    const std::string& peer = exchange_->connection().peerAddress();
    text.append("x-forwarded-for: ").append(clientAddress_);
    if (clientAddress_ != peer) text.append(", ").append(peer);
    text.append("\r\n");
  }
  if (plan.writesProto) appendField(text, "x-forwarded-proto", scheme_);
  const std::string_view forwardedHost = host.data() != nullptr ? host : exchange_->text(head.hostName);
  if (plan.writesForwardedHost && !forwardedHost.empty()) appendField(text, "x-forwarded-host", forwardedHost);
  if (plan.writesId) appendField(text, "x-request-id", id_);
  text.append(plan.appendedFields);
  if (head.hasContentLength) {
    text.append("content-length: ");
    appendNumber(text, static_cast<double>(head.contentLength));
    text.append("\r\n");
  }
  text.append("\r\n");
  call.isHead = exchange_->isHead();
  call.idempotent = plan.idempotent;
  call.streamedBody = streamedBody_;
  if (!streamedBody_) call.body = exchange_->body();
}

void GovernedCall::forwardAi(client::UpstreamCall& call, PlanTarget& target) {
  const Plan& plan = *plan_;
  if (target.translated) {
    sendAi(call, target, body_);
    return;
  }
  // The model's name, and the wish for usage, are edited into the caller's bytes; all else goes on as it came.
  const std::string_view body = exchange_->body();
  const scan::ValueSpan span = modelSpan_;
  const bool sameModel = span.in(body.data()) == target.modelJson;
  std::string_view sent = body;
  if (!sameModel || plan.addUsage) {
    static constexpr std::string_view kUsage = R"("stream_options":{"include_usage":true},)";
    size_t from = 0;
    body_.clear();
    if (plan.addUsage) {
      from = body.find('{') + 1;
      body_.append(body.substr(0, from)).append(kUsage);
    }
    body_.append(body.substr(from, span.at - from)).append(target.modelJson);
    body_.append(body.substr(span.at + span.length));
    sent = body_;
  }
  sendAi(call, target, sent);
}

void GovernedCall::sendAi(client::UpstreamCall& call, PlanTarget& target, std::string_view sent) {
  const Plan& plan = *plan_;
  HeadVariant* variant = &target.heads.front();
  if (target.heads.size() > 1) {
    double total = 0;
    for (HeadVariant& one : target.heads) {
      total += one.weight;
      one.credit += one.weight;
      if (one.credit > variant->credit) variant = &one;
    }
    variant->credit -= total;
  }
  std::string& text = call.head;
  text.append(target.requestLine).append(variant->fields);
  for (const std::string& wanted : plan.forwardedFields) {
    const http::Field* found = nullptr;
    for (const http::Field& field : exchange_->head().fields) {
      if (exchange_->text(field.name) != wanted) continue;
      found = &field;
      break;
    }
    if (found != nullptr) {
      appendField(text, wanted, exchange_->text(found->value));
      continue;
    }
    for (const auto& [name, value] : target.replaceable) {
      if (name == wanted) appendField(text, name, value);
    }
  }
  text.append("content-length: ");
  appendNumber(text, static_cast<double>(sent.size()));
  text.append("\r\n\r\n");
  call.body = sent;
}

void GovernedCall::appendRateLimits(std::string& fields) const {
  const auto append = [&fields](const Tightest& tightest, std::string_view unit) {
    if (tightest.limit == nullptr) return;
    const auto line = [&](std::string_view name, double number) {
      fields.append(name).append(unit).append(": ");
      appendNumber(fields, number);
      fields.append("\r\n");
    };
    line("x-ratelimit-limit-", tightest.limit->spec.amount);
    line("x-ratelimit-remaining-", std::floor(std::max(0.0, tightest.remaining)));
    line("x-ratelimit-reset-", std::ceil(tightest.resetMs / 1000));
  };
  append(tightestRequests_, "requests");
  append(tightestTokens_, "tokens");
}

// --- the way back ---

void GovernedCall::onInterim(client::UpstreamCall&, const http::ResponseHead& head, const char* bytes) {
  // 100 was ours to say, and was said when the body was asked for.
  if (plan_->ai || head.status == 100) return;
  std::string fields;
  for (const http::Field& field : head.fields) {
    if (neverReturned(field.id) || ofConnection(head, bytes, field.name.in(bytes))) continue;
    appendField(fields, field.name.in(bytes), field.value.in(bytes));
  }
  exchange_->inform(head.status, fields);
}

bool GovernedCall::onHead(client::UpstreamCall&, const http::ResponseHead& head, const char* bytes) {
  status_ = head.status;
  known_ = head.hasContentLength && !head.chunked;
  expectedBytes_ = head.contentLength;
  if (plan_->ai) {
    bool eventStream = false;
    bool encoded = false;
    for (const http::Field& field : head.fields) {
      if (field.id == FieldName::kContentType) eventStream = field.value.in(bytes).substr(0, 17) == "text/event-stream";
      encoded |= field.name.in(bytes) == "content-encoding";
    }
    const bool good = head.status >= 200 && head.status < 300 && eventStream == plan_->stream && !encoded;
    if (good && plan_->stream) {
      mode_ = Mode::kStream;
      scanner_.reset();
      watcher_ = scan::StreamUsageWatcher(target_->dialect, plan_->includeUsage);
      return true;
    }
    governor_.host_.appendFields(head, bytes, &fields_);
    mode_ = good ? Mode::kCollect : Mode::kGated;
    if (good && known_ && head.contentLength > plan_->maxResponseBytes) mode_ = Mode::kGated;
    return true;
  }
  const bool gated = std::find(plan_->gate.begin(), plan_->gate.end(), head.status) != plan_->gate.end();
  if (gated && !streamedBody_) {
    governor_.host_.appendFields(head, bytes, &fields_);
    mode_ = Mode::kGated;
    return true;
  }
  passHead(head, bytes);
  return true;
}

void GovernedCall::passHead(const http::ResponseHead& head, const char* bytes) {
  const Plan& plan = *plan_;
  mode_ = Mode::kSplice;
  std::string& fields = governor_.fields_;
  fields.clear();
  for (const http::Field& field : head.fields) {
    if (neverReturned(field.id)) continue;
    const std::string_view name = field.name.in(bytes);
    if (ofConnection(head, bytes, name)) continue;
    if (!plan.droppedAnswerFields.empty() && contains(plan.droppedAnswerFields, name)) continue;
    appendField(fields, name, field.value.in(bytes));
  }
  if (plan.writesAnswerId) appendField(fields, "x-request-id", id_);
  appendRateLimits(fields);
  fields.append(plan.appendedAnswerFields);
  using server::BodyFraming;
  BodyFraming framing = BodyFraming::kUnknown;
  uint64_t length = 0;
  if (head.status == 204) {
    framing = BodyFraming::kNone;
  } else if (head.status == 304 || exchange_->isHead()) {
    framing = known_ ? BodyFraming::kHeadOnly : BodyFraming::kNone;
    length = head.contentLength;
  } else if (known_) {
    framing = BodyFraming::kLength;
    length = head.contentLength;
  }
  firstByteMs_ = sinceStartMs();
  if (isUnhealthy(head.status)) targetFailed();
  else succeeded();
  exchange_->beginAnswer(head.status, fields, framing, length);
}

bool GovernedCall::onData(client::UpstreamCall&, const char* bytes, size_t length) {
  switch (mode_) {
    case Mode::kSplice: {
      if (!known_ || exchange_->answerBytes() + length < expectedBytes_) return exchange_->writeAnswer(bytes, length);
      // The last of it. The record first: whoever has the whole answer has it in the log, whatever happens to this process.
      server::Exchange* exchange = finish("ok", "", expectedBytes_);
      exchange->writeAnswer(bytes, length);
      exchange->endAnswer();
      return true;
    }
    case Mode::kStream:
      return pushStream(bytes, length);
    case Mode::kCollect:
      if (held_.empty() && known_ && length == expectedBytes_) {
        answerWhole(bytes, length);
        return false;
      }
      held_.append(bytes, length);
      // Too long to be held: JavaScript says so.
      if (held_.size() <= plan_->maxResponseBytes) return true;
      handOver(-1, "", false);
      return false;
    case Mode::kGated:
      held_.append(bytes, length);
      if (held_.size() <= kMaxGatedBytes) return true;
      handOver(-1, "", false);
      return false;
    case Mode::kNone:
      return true;
  }
  return true;
}

void GovernedCall::onComplete(client::UpstreamCall&) {
  call_ = nullptr;
  if (finished_) return;
  switch (mode_) {
    case Mode::kSplice:
      finish("ok", "", exchange_->answerBytes())->endAnswer();
      break;
    case Mode::kCollect:
      answerWhole(held_.data(), held_.size());
      break;
    case Mode::kStream: {
      if (!held_.empty()) {
        // What is left without its empty line.
        const std::string rest = std::move(held_);
        held_.clear();
        bool ready = true;
        if (!pushEvent(rest, {}, &ready)) return;
      }
      if (finished_) return;
      if (!watcher_.finished) {
        if (committed_) {
          endStream(kEndedEarly, {});
        } else {
          held_ = fields_;
          handOver(-1, "", true);
        }
        return;
      }
      if (!committed_) commitStream();
      finish("ok", "", exchange_->answerBytes())->endAnswer();
      break;
    }
    case Mode::kGated:
      handOver(-1, "", true);
      break;
    case Mode::kNone:
      handOver(static_cast<int>(client::UpstreamError::kProtocol), "no answer", false);
      break;
  }
}

void GovernedCall::onError(client::UpstreamCall&, client::UpstreamError error, const char* reason) {
  call_ = nullptr;
  if (finished_) return;
  fail(static_cast<int>(error));
  (void)reason;
}

void GovernedCall::fail(int error) {
  if (finished_) return;
  if (plan_ == nullptr || target_ == nullptr || dispatchedMs_ < 0) {
    // Nothing was begun: the stages answer.
    giveUp();
    return;
  }
  if (!exchange_->answerBegun()) {
    if (mode_ != Mode::kGated) {
      held_.clear();
      fields_.clear();
      status_ = 0;
    }
    handOver(error, "the attempt failed", false);
    return;
  }
  if (mode_ == Mode::kStream) {
    endStream(error, {});
    return;
  }
  if (error != kTotalTimeout && error != kDraining) targetFailed();
  leaveUpstream();
  // A part must not look like the whole.
  finish(outcomeOf(error), codeOf(error), exchange_->answerBytes())->destroy();
}

void GovernedCall::onRequestDrain(client::UpstreamCall&) {
  if (exchange_ != nullptr) exchange_->resumeBody();
}

void GovernedCall::onDeadline() { fail(kTotalTimeout); }

// --- answers of models ---

void GovernedCall::answerWhole(const char* bytes, size_t length) {
  if (target_->translated) {
    answerTranslated(bytes, length);
    return;
  }
  static constexpr std::string_view kNames[] = {"usage", "model"};
  scan::ValueSpan spans[2];
  bool sure = scan::scanTopLevel(bytes, length, kNames, 2, spans);
  if (sure && spans[0].found()) {
    const std::string_view usage = spans[0].in(bytes);
    if (usage != "null") sure = scan::readUsage(target_->dialect, usage.data(), usage.size(), &usage_);
  }
  const std::string_view model = sure ? plainString(spans[1].in(bytes)) : std::string_view();
  if (!sure || (spans[1].found() && model.data() == nullptr)) {
    // Only a parser can tell: JavaScript has one.
    usage_ = {};
    if (held_.data() != bytes) held_.assign(bytes, length);
    handOver(-1, "", true);
    return;
  }
  modelServed_.assign(model.substr(0, 200));
  sendAnswer(bytes, length);
}

void GovernedCall::answerTranslated(const char* bytes, size_t length) {
  const auto target = static_cast<uint32_t>(target_ - plan_->targets.data());
  if (!governor_.host_.translateAnswer(plan_->id, target, id_, std::string_view(bytes, length), &body_, &usage_,
                                       &modelServed_)) {
    usage_ = {};
    if (held_.data() != bytes) held_.assign(bytes, length);
    handOver(-1, "", true);
    return;
  }
  sendAnswer(body_.data(), body_.size());
}

void GovernedCall::sendAnswer(const char* bytes, size_t length) {
  price();
  std::string& fields = governor_.fields_;
  fields.assign(target_->answerFields);
  appendField(fields, "x-request-id", id_);
  if (plan_->requestIdTwice) appendField(fields, "request-id", id_);
  appendRateLimits(fields);
  if (costUsd_ >= 0) {
    char digits[64];
    const auto end = std::to_chars(digits, digits + sizeof digits, costUsd_, std::chars_format::fixed, 8).ptr;
    appendField(fields, "x-tidegate-cost", std::string_view(digits, static_cast<size_t>(end - digits)));
  }
  firstByteMs_ = sinceStartMs();
  succeeded();
  finish("ok", "", length)->answer(status_, fields, std::string_view(bytes, length));
}

// Whole events go on as they came.
bool GovernedCall::pushStream(const char* bytes, size_t length) {
  bool ready = true;
  const char* from = bytes;
  const char* end = bytes + length;
  const char* sendFrom = bytes;  // of what is in `bytes` and not sent
  while (from < end) {
    const size_t taken = scanner_.next(from, static_cast<size_t>(end - from));
    if (taken == 0) {
      if (sendFrom < from && committed_) ready = exchange_->writeAnswer(sendFrom, static_cast<size_t>(from - sendFrom));
      held_.append(from, static_cast<size_t>(end - from));
      if (held_.size() > kMaxEventBytes) {
        fail(static_cast<int>(client::UpstreamError::kProtocol));
        return false;
      }
      return ready;
    }
    const char* next = from + taken;
    if (!held_.empty()) {
      held_.append(from, taken);
      const std::string event = std::move(held_);
      held_.clear();
      if (!pushEvent(event, std::string_view(next, static_cast<size_t>(end - next)), &ready)) return false;
      sendFrom = next;
    } else if (!committed_) {
      if (!pushEvent({from, taken}, std::string_view(next, static_cast<size_t>(end - next)), &ready)) return false;
      sendFrom = next;
    } else {
      const bool keep = watcher_.push(from, taken);
      if (watcher_.failed || !keep) {
        if (sendFrom < from) ready = exchange_->writeAnswer(sendFrom, static_cast<size_t>(from - sendFrom));
        if (watcher_.failed) {
          endStream(-1, watcher_.failureData);
          return false;
        }
        sendFrom = next;
      }
    }
    from = next;
  }
  if (sendFrom < end && committed_) ready = exchange_->writeAnswer(sendFrom, static_cast<size_t>(end - sendFrom));
  return ready;
}

// One event that lies by itself; `rest` is what came behind it. False: the call is over, or somebody else's.
bool GovernedCall::pushEvent(std::string_view event, std::string_view rest, bool* ready) {
  const bool keep = watcher_.push(event.data(), event.size());
  if (!committed_ && (watcher_.failed || watcher_.needsHelp)) {
    // The provider's first word is an error, or something unusual: nothing was sent, all is still open.
    held_.assign(fields_).append(event).append(rest);
    handOver(-1, "", call_ == nullptr);
    return false;
  }
  if (watcher_.failed) {
    endStream(-1, watcher_.failureData);
    return false;
  }
  if (!keep) {
    // Should JavaScript take over, it has to see this one too.
    if (!committed_) fields_.append(event);
    return true;
  }
  if (!committed_) commitStream();
  *ready = exchange_->writeAnswer(event.data(), event.size());
  return true;
}

void GovernedCall::commitStream() {
  committed_ = true;
  std::string& fields = governor_.fields_;
  fields.assign(target_->streamFields);
  appendField(fields, "x-request-id", id_);
  if (plan_->requestIdTwice) appendField(fields, "request-id", id_);
  appendRateLimits(fields);
  fields.append("cache-control: no-cache\r\nx-accel-buffering: no\r\n");
  firstByteMs_ = sinceStartMs();
  succeeded();
  exchange_->beginAnswer(status_, fields, server::BodyFraming::kUnknown, 0);
}

// A stream that has begun ends with an error in the caller's dialect.
void GovernedCall::endStream(int error, std::string_view data) {
  std::string code;
  const std::string text = governor_.host_.streamError(
      plan_->id, static_cast<uint32_t>(target_ - plan_->targets.data()), id_, error, data, &code);
  leaveUpstream();
  exchange_->writeAnswer(text.data(), text.size());
  finish(outcomeOf(error), code, exchange_->answerBytes())->endAnswer();
}

void GovernedCall::price() {
  if (!usage_.told()) return;
  if (!target_->hasPrice) return;
  const Price& price = target_->price;
  const double cached = std::max(0.0, usage_.cachedInputTokens);
  const double written = std::max(0.0, usage_.cacheWriteTokens);
  const double input = std::max(std::max(0.0, usage_.inputTokens), cached + written);
  const double output = std::max(0.0, usage_.outputTokens);
  // -2: the price depends on the time of the call.
  if (price.aboveInputTokens == -2 || (price.aboveInputTokens >= 0 && input > price.aboveInputTokens)) {
    costUsd_ = governor_.host_.costOf(plan_->id, static_cast<uint32_t>(target_ - plan_->targets.data()), usage_);
    return;
  }
  costUsd_ = (input - cached - written) * price.inputPerToken + cached * price.cachedInputPerToken +
             written * price.cacheWritePerToken + output * price.outputPerToken;
}

// --- the end ---

void GovernedCall::targetFailed() {
  governor_.host_.targetFailed(plan_->id, static_cast<uint32_t>(target_ - plan_->targets.data()));
}

void GovernedCall::succeeded() {
  if (target_ == nullptr) return;
  target_->numbers->successes += 1;
}

void GovernedCall::leaveUpstream() {
  if (call_ != nullptr) {
    client::UpstreamCall* call = call_;
    call_ = nullptr;
    call->abort();
  }
  if (counted_) {
    counted_ = false;
    target_->numbers->inFlight -= 1;
  }
}

// To JavaScript, as if the call had not been here.
void GovernedCall::giveUp() {
  unreserve();
  finished_ = true;
  server::Exchange& exchange = *exchange_;
  exchange_ = nullptr;
  generation_.reset();
  Governor& governor = governor_;
  governor.free(this);
  governor.host_.giveToJavaScript(exchange);
}

void GovernedCall::handOver(int error, const char* reason, bool complete) {
  Handover handover;
  handover.id = id_;
  handover.startedAtMs = exchange_->startedAtMs;
  handover.elapsedMs = sinceStartMs();
  handover.dispatchedMs = dispatchedMs_;
  handover.plan = plan_->id;
  handover.target = static_cast<uint32_t>(target_ - plan_->targets.data());
  handover.error = error;
  handover.reason = reason;
  governor_.handedOver_++;
  if (error < 0 || mode_ == Mode::kGated) {
    handover.status = status_;
    handover.fields = mode_ == Mode::kStream ? streamFieldsText() : fields_;
    handover.data = held_;
    handover.complete = complete;
    handover.call = complete || error >= 0 ? nullptr : call_;
    if (handover.call != nullptr) call_ = nullptr;
  }
  leaveUpstream();
  unreserve();
  finished_ = true;
  server::Exchange& exchange = *exchange_;
  exchange_ = nullptr;
  // `held_` is read until the host returns.
  Governor& governor = governor_;
  governor.host_.handOver(exchange, handover);
  generation_.reset();
  governor.free(this);
}

std::string GovernedCall::streamFieldsText() {
  // What JavaScript asks of the head of a stream.
  return std::string("\x01") + "content-type\x02text/event-stream";
}

server::Exchange* GovernedCall::finish(const char* outcome, std::string_view errorCode, uint64_t answerBytes) {
  finished_ = true;
  if (mode_ == Mode::kStream) {
    usage_ = watcher_.needsHelp ? scan::Usage{} : watcher_.usage;
    modelServed_ = watcher_.model;
    price();
  }
  if (counted_) {
    counted_ = false;
    target_->numbers->inFlight -= 1;
  }
  const double totalMs = sinceStartMs();
  settle();
  record(outcome, errorCode, totalMs, answerBytes);
  count(totalMs, answerBytes);
  server::Exchange* exchange = exchange_;
  exchange->setObserver(nullptr);
  exchange_ = nullptr;
  call_ = nullptr;
  generation_.reset();
  governor_.free(this);
  return exchange;
}

void GovernedCall::count(double totalMs, uint64_t answerBytes) {
  Counts& counts = governor_.counts_;
  const double seconds = totalMs / 1000;
  callsOf(counts) += 1;
  ServiceTally& tally = tallyOf(counts);
  tally.seconds += seconds;
  tally.buckets[bucketOf(seconds)] += 1;
  tally.requestBytes += requestBytes();
  tally.responseBytes += static_cast<double>(answerBytes);
  if (!usage_.told() || target_ == nullptr) return;
  const std::string& served = modelServed_.empty() ? target_->model : modelServed_;
  if (target_->countsEpoch != counts.epoch || target_->countedModel != served) {
    target_->countsEpoch = counts.epoch;
    target_->countedModel = served;
    target_->tally = &counts.models[{target_->provider, served}];
  }
  ModelTally& model = *target_->tally;
  model.inputTokens += std::max(0.0, usage_.inputTokens);
  model.outputTokens += std::max(0.0, usage_.outputTokens);
  model.cachedInputTokens += std::max(0.0, usage_.cachedInputTokens);
  model.reasoningTokens += std::max(0.0, usage_.reasoningTokens);
  model.costUsd += std::max(0.0, costUsd_);
}

double& GovernedCall::callsOf(Counts& counts) {
  Route& route = *route_;
  const auto look = [&] {
    return &counts.calls[{generation_->services[route.service].id, route.name, status_}];
  };
  if (route.countsEpoch != counts.epoch) {
    route.countsEpoch = counts.epoch;
    route.callsStatus = status_;
    route.calls = look();
    route.otherCalls.clear();
  }
  if (route.callsStatus == status_) return *route.calls;
  for (const auto& [status, calls] : route.otherCalls) {
    if (status == status_) return *calls;
  }
  route.otherCalls.emplace_back(status_, look());
  return *route.otherCalls.back().second;
}

ServiceTally& GovernedCall::tallyOf(Counts& counts) {
  Service& service = generation_->services[route_->service];
  if (service.countsEpoch != counts.epoch) {
    service.countsEpoch = counts.epoch;
    service.tally = &counts.services[service.id];
  }
  return *service.tally;
}

void GovernedCall::settle() {
  const double nowMs = unixMs();
  // Without counters: they are given back before the last calls are cut.
  if (governor_.limits_ == nullptr) reservationCount_ = 0;
  for (uint8_t i = 0; i < reservationCount_; i++) {
    const Reservation& one = reservations_[i];
    if (one.limit->spec.unit == limits::Unit::kRequests) continue;
    double used;
    if (one.limit->spec.unit == limits::Unit::kTokens) {
      // An answer that broke off before it told its usage has used something: the estimate stands.
      if (usage_.told()) used = std::max(0.0, usage_.inputTokens) + std::max(0.0, usage_.outputTokens);
      else used = plan_ != nullptr && plan_->stream && committed_ ? one.amount : 0;
    } else {
      used = std::max(0.0, costUsd_);
    }
    governor_.limits_->settle(one.limit->spec, one.key, one.amount, used, exchange_->startedAtMs, nowMs, one.ledger);
  }
  reservationCount_ = 0;
}

void GovernedCall::record(const char* outcome, std::string_view errorCode, double totalMs, uint64_t answerBytes) {
  const http::RequestHead& head = exchange_->head();
  const Application* application =
      application_ < 0 ? nullptr : &generation_->applications[static_cast<size_t>(application_)];
  if (id_.empty() || dispatchedMs_ < 0) id_.assign(governor_.nextId(exchange_->startedAtMs));
  RecordWriter writer(&governor_.record_);
  writer.array(33);
  writer.text(id_);
  writer.number(exchange_->startedAtMs);
  writer.numberOrNil(dispatchedMs_ < 0 ? -1 : rounded(dispatchedMs_));
  writer.numberOrNil(firstByteMs_ < 0 ? -1 : rounded(firstByteMs_));
  writer.number(rounded(totalMs));
  writer.text(clientAddress_);
  writer.text(exchange_->method());
  writer.text(exchange_->text(head.path));
  writer.text(exchange_->text(head.hostName));
  writer.number(status_);
  writer.textOrNil(errorCode);
  if (application == nullptr) {
    writer.nil();
    writer.nil();
  } else {
    writer.text(application->id);
    writer.text(application->team);
  }
  writer.text(generation_->services[route_->service].id);
  writer.text(route_->name);
  const bool ai = plan_ != nullptr && plan_->ai && target_ != nullptr;
  writer.textOrNil(ai ? std::string_view(target_->provider) : std::string_view());
  writer.textOrNil(ai ? std::string_view(plan_->modelAsked) : std::string_view());
  writer.textOrNil(ai ? (modelServed_.empty() ? std::string_view(target_->model) : std::string_view(modelServed_))
                      : std::string_view());
  writer.textOrNil(target_ == nullptr ? std::string_view() : std::string_view(target_->upstream));
  writer.number(dispatchedMs_ < 0 ? 0 : 1);
  writer.boolean(ai && plan_->stream && committed_);
  writer.number(requestBytes());
  writer.number(static_cast<double>(answerBytes));
  const bool told = usage_.told();
  writer.numberOrNil(told ? std::max(0.0, usage_.inputTokens) : -1);
  writer.numberOrNil(told ? std::max(0.0, usage_.outputTokens) : -1);
  writer.numberOrNil(told ? usage_.cachedInputTokens : -1);
  writer.numberOrNil(told ? usage_.reasoningTokens : -1);
  writer.numberOrNil(costUsd_);
  writer.text(outcome);
  writer.number(governor_.worker_);
  writer.nil();
  writer.nil();
  writer.numberOrNil(generation_->services[route_->service].release);
  const std::string& record = governor_.record_;
  if (governor_.journal_ != nullptr) {
    governor_.journal_->append(record.data(), static_cast<uint32_t>(record.size()));
  } else {
    governor_.host_.onRecord(record);
  }
}

// As announced; of a chunked body, once it is whole.
double GovernedCall::requestBytes() const {
  const http::RequestHead& head = exchange_->head();
  if (!head.chunked) return static_cast<double>(head.contentLength);
  return exchange_->bodyArrived() ? static_cast<double>(exchange_->bodyBytes()) : 0;
}

double GovernedCall::sinceStartMs() const {
  return static_cast<double>(nowNs() - exchange_->startedAtNs) / 1'000'000;
}

}  // namespace tidegate::governor
