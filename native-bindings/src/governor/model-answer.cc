// Answers of models: whole ones, and streams event by event.
#include "governed-call.h"

#include <algorithm>
#include <charconv>

#include "../scan/json-scan.h"
#include "field-text.h"
#include "plain-string.h"

namespace tidegate::governor {

namespace {

// No provider's event comes near.
constexpr size_t kMaxEventBytes = 8 * 1024 * 1024;
// Held back of a stream until its first token comes; with more, it goes on to the caller.
constexpr size_t kMaxGatedStreamBytes = 256 * 1024;

}  // namespace

void GovernedCall::answerWhole(const char* bytes, size_t length) {
  if (target_->translated) {
    answerTranslated(bytes, length);
    return;
  }
  static constexpr std::string_view kNames[] = {"usage", "model", "error"};
  scan::ValueSpan spans[3];
  bool sure = scan::scanTopLevel(bytes, length, kNames, 3, spans);
  // Whether an answer with a good status tells of a failure is JavaScript's to judge.
  sure = sure && (!spans[2].found() || spans[2].in(bytes) == "null");
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
  if (!committed_ && watcher_.announces && gated_.size() + event.size() <= kMaxGatedStreamBytes) {
    // The provider may still fail, and the call go elsewhere.
    fields_.append(event);
    gated_.append(event);
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
  if (!gated_.empty()) exchange_->writeAnswer(gated_.data(), gated_.size());
  gated_.clear();
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

}  // namespace tidegate::governor
