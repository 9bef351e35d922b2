// The end of a call: given to JavaScript, or counted, settled and recorded.
#include "governed-call.h"

#include <algorithm>
#include <cmath>

#include "../net/clock.h"
#include "../scan/text-bytes.h"
#include "call-record.h"

namespace tidegate::governor {

namespace {

double rounded(double ms) { return std::round(ms * 1000) / 1000; }

size_t bucketOf(double seconds) {
  static constexpr double kBuckets[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                        0.5,   1,      2.5,   5,    10,    30,   60,  300};
  size_t at = 0;
  while (at < 16 && seconds > kBuckets[at]) at++;
  return at;
}

}  // namespace

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
  application_.reset();
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
  handover.head = head_;
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
  application_.reset();
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
    usage_ = watcher_.usage;
    modelServed_ = watcher_.model;
    // Of a stream with an event that only a parser can judge: JavaScript has one.
    if (watcher_.needsHelp) {
      usage_ = {};
      governor_.host_.streamUsage(plan_->id, static_cast<uint32_t>(target_ - plan_->targets.data()), watcher_.kept(),
                                  &usage_, &modelServed_);
    }
    if (committed_ && std::string_view(outcome) != "ok") estimateUntold();
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
  application_.reset();
  generation_.reset();
  governor_.free(this);
  return exchange;
}

// A stream that broke off, or whose caller left, has used what it did not come to tell. As in
// src/data-plane/pipeline/ai/untold-usage.ts.
void GovernedCall::estimateUntold() {
  if (!usage_.told()) usage_.inputTokens = estimatedInputTokens();
  usage_.outputTokens = std::max(0.0, usage_.outputTokens) + watcher_.untoldTokens();
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

void GovernedCall::record(const char* outcome, std::string_view errorCode, double totalMs, uint64_t answerBytes) {
  const http::RequestHead& head = exchange_->head();
  const Application* const application = application_.get();
  if (id_.empty() || dispatchedMs_ < 0) id_.assign(governor_.nextId(exchange_->startedAtMs));
  RecordWriter writer(&governor_.record_);
  writer.array(42);
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
  // Calls with a cache policy are not carried here, nor are those with a second attempt, whose targets are chosen call by
  // call, or that have tags, or that go to MCP servers.
  for (int i = 0; i < 9; i++) writer.nil();
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

double GovernedCall::estimatedInputTokens() const {
  constexpr double kBytesPerToken = 4;
  const std::string_view body = exchange_->body();
  return std::ceil(static_cast<double>(scan::textBytes(body.data(), body.size())) / kBytesPerToken);
}

double GovernedCall::sinceStartMs() const {
  return static_cast<double>(net::nowNs() - exchange_->startedAtNs) / 1'000'000;
}

}  // namespace tidegate::governor
