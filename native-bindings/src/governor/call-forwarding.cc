// The way up: which target a call goes to, and with what head.
#include "governed-call.h"

#include <algorithm>

#include "../server/connection.h"
#include "../server/listener.h"
#include "field-text.h"

namespace tidegate::governor {

namespace {

using http::FieldName;

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

}  // namespace

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
  setDeadline(plan);
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
  head_ = static_cast<uint32_t>(variant - target.heads.data());
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

}  // namespace tidegate::governor
