// One call on its way through without JavaScript.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "../client/upstream-call.h"
#include "../net/byte-buffer.h"
#include "../net/poller.h"
#include "../scan/json-scan.h"
#include "../scan/sse-scan.h"
#include "../scan/stream-usage.h"
#include "../server/exchange.h"
#include "governor.h"
#include "plan.h"

namespace tidegate::governor {

// Who ended a call that failed so: the upstream, or this gateway. For its record.
inline const char* outcomeOf(int error) { return error == kDraining ? "error" : "upstream_cut"; }

class GovernedCall final : public server::ExchangeObserver, public client::CallObserver, public net::Timed {
 public:
  explicit GovernedCall(Governor& governor);

  void begin(server::Exchange& exchange, std::shared_ptr<Generation> generation, Route& route,
             std::shared_ptr<const Application> application,
             uint16_t credentialFields, std::string clientAddress, std::string_view scheme);
  // Ends it from outside.
  void fail(int error);

  // --- the caller ---
  void onWholeBody(server::Exchange& exchange, bool tooLong) override;
  bool onBodyChunk(server::Exchange& exchange, const char* bytes, size_t length) override;
  void onBodyEnd(server::Exchange& exchange) override;
  void onDrain(server::Exchange& exchange) override;
  void onAborted(server::Exchange& exchange) override;

  // --- the upstream ---
  void onInterim(client::UpstreamCall& call, const http::ResponseHead& head, const char* bytes) override;
  bool onHead(client::UpstreamCall& call, const http::ResponseHead& head, const char* bytes) override;
  bool onData(client::UpstreamCall& call, const char* bytes, size_t length) override;
  void onComplete(client::UpstreamCall& call) override;
  void onError(client::UpstreamCall& call, client::UpstreamError error, const char* reason) override;
  void onRequestDrain(client::UpstreamCall& call) override;

  void onDeadline() override;

 private:
  friend class Governor;
  static constexpr size_t kMaxLimits = 8;
  struct Reservation {
    const Limit* limit;
    limits::CounterKey key;
    double amount;
    uint32_t ledger;
  };
  struct Tightest {
    const Limit* limit = nullptr;
    double remaining = 0;
    double resetMs = 0;
  };
  enum class Mode : uint8_t { kNone, kSplice, kCollect, kStream, kGated };

  // False: not decided, and nothing is left reserved.
  bool admit();
  // `ofSubscription`: the limit is of the call's subscription, whose name begins that of the counter.
  bool reserve(const Limit& limit, const std::string& serviceId, bool ofSubscription = false);
  void unreserve();
  void setDeadline(const Plan& plan);
  bool choose(Plan& plan);
  void forward(Plan& plan);
  void forwardRest(client::UpstreamCall& call, const PlanTarget& target);
  void forwardAi(client::UpstreamCall& call, PlanTarget& target);
  void appendForwarded(std::string& head);
  void appendRateLimits(std::string& fields) const;
  void passHead(const http::ResponseHead& head, const char* bytes);
  void sendAi(client::UpstreamCall& call, PlanTarget& target, std::string_view sent);
  void answerWhole(const char* bytes, size_t length);
  void answerTranslated(const char* bytes, size_t length);
  void sendAnswer(const char* bytes, size_t length);
  bool pushStream(const char* bytes, size_t length);
  bool pushEvent(std::string_view event, std::string_view rest, bool* ready);
  void commitStream();
  void endStream(int error, std::string_view data);
  void price();
  void giveUp();
  static std::string streamFieldsText();
  void handOver(int error, const char* reason, bool complete);
  void succeeded();
  void targetFailed();
  void leaveUpstream();
  // Settles, records and lets go of the exchange, which is returned: its answer ends after its record is kept.
  server::Exchange* finish(const char* outcome, std::string_view errorCode, uint64_t answerBytes);
  double& callsOf(Counts& counts);
  ServiceTally& tallyOf(Counts& counts);
  void count(double totalMs, uint64_t answerBytes);
  void settle();
  void record(const char* outcome, std::string_view errorCode, double totalMs, uint64_t answerBytes);
  void estimateUntold();
  double requestBytes() const;
  double estimatedInputTokens() const;
  double sinceStartMs() const;

  Governor& governor_;
  std::shared_ptr<Generation> generation_;
  server::Exchange* exchange_ = nullptr;
  client::UpstreamCall* call_ = nullptr;
  Route* route_ = nullptr;
  Plan* plan_ = nullptr;
  PlanTarget* target_ = nullptr;
  std::shared_ptr<const Application> application_;  // null: nobody who is known
  const Subscription* subscription_ = nullptr;  // set before `begin`; null: none is needed
  uint16_t credentialFields_ = 0;
  std::string clientAddress_;
  std::string_view scheme_;
  std::string id_;
  std::string body_;    // the request's, where it is not the caller's own bytes
  std::string fields_;  // of a gated or collected answer; of a stream, events kept from the caller before it began
  std::string held_;    // of its body, or of a stream's first event
  std::string gated_;   // of a stream: what goes to the caller once there is a token
  std::string failureCode_;
  scan::ValueSpan modelSpan_;  // in the request's body
  Reservation reservations_[kMaxLimits];
  uint8_t reservationCount_ = 0;
  Tightest tightestRequests_;
  Tightest tightestTokens_;
  Mode mode_ = Mode::kNone;
  scan::SseScanner scanner_;
  scan::StreamUsageWatcher watcher_{scan::UsageDialect::kNone, false};
  scan::Usage usage_;
  std::string modelServed_;
  double costUsd_ = -1;
  double dispatchedMs_ = -1;
  uint32_t head_ = 0;  // of the target's heads
  double firstByteMs_ = -1;
  uint64_t expectedBytes_ = 0;
  uint16_t status_ = 0;
  bool known_ = false;  // the length of the upstream's body
  bool committed_ = false;
  bool counted_ = false;  // in the target's inFlight
  bool streamedBody_ = false;
  bool finished_ = false;
};

}  // namespace tidegate::governor
