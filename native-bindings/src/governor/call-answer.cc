// The way back: what the upstream answers, and how it may end.
#include "governed-call.h"

#include <algorithm>

#include "field-text.h"

namespace tidegate::governor {

namespace {

using http::FieldName;

// What is kept of an answer that JavaScript decides about.
constexpr size_t kMaxGatedBytes = 64 * 1024;

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

}  // namespace

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

}  // namespace tidegate::governor
