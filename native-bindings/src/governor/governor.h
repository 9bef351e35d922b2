// Lets calls through without JavaScript where the stages have decided about their kind before: finds route and
// application, admits, forwards, settles, records. Whatever it can't decide goes to JavaScript as if it had not been here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "../client/origin.h"
#include "../client/upstream-call.h"
#include "../journal/call-journal.h"
#include "../limits/shared-limits.h"
#include "../server/exchange.h"
#include "arrivals.h"
#include "client-address.h"
#include "plan.h"
#include "sent-key.h"

namespace tidegate::governor {

class GovernedCall;

// Beside those of client::UpstreamError.
constexpr int kTotalTimeout = 64;
constexpr int kDraining = 65;
constexpr int kEndedEarly = 66;  // a stream, in good order but for its end

// A call that JavaScript takes over with an attempt already made.
struct Handover {
  std::string id;  // of the request
  double startedAtMs = 0;
  double elapsedMs = 0;
  double dispatchedMs = 0;
  uint32_t plan = 0;
  uint32_t target = 0;
  uint32_t head = 0;  // with which of the target's
  // The attempt: an answer as far as it has come, or an error, or an answer that ended in an error.
  int error = -1;              // client::UpstreamError, kTotalTimeout or kDraining
  const char* reason = "";
  int status = 0;              // 0: nothing has come
  std::string fields;          // in the form of Engine::fieldsText
  std::string_view data;
  bool complete = false;
  client::UpstreamCall* call = nullptr;  // still under way
};

// The way to what is around the governor.
class GovernorHost {
 public:
  virtual client::Origin* origin(uint32_t id) const = 0;
  virtual void giveToJavaScript(server::Exchange& exchange) = 0;
  virtual void handOver(server::Exchange& exchange, const Handover& handover) = 0;
  // A record for which there is no journal.
  virtual void onRecord(std::string_view record) = 0;
  // The text that ends a stream with an error, in the dialect of the caller. `data`: of the provider's error event.
  virtual std::string streamError(uint32_t plan, uint32_t target, std::string_view requestId, int error,
                                  std::string_view data, std::string* code) = 0;
  // US dollars, for prices that depend on more than the counts.
  virtual double costOf(uint32_t plan, uint32_t target, const scan::Usage& usage) = 0;
  // Both write over `text`. False: JavaScript has to make this call, or to say what is wrong with it.
  virtual bool translateRequest(uint32_t plan, uint32_t target, std::string_view body, std::string* text) = 0;
  virtual bool translateAnswer(uint32_t plan, uint32_t target, std::string_view requestId, std::string_view body,
                               std::string* text, scan::Usage* usage, std::string* model) = 0;
  // What a stream told of usage and model, read from the events that matter. False: nothing.
  virtual bool streamUsage(uint32_t plan, uint32_t target, std::string_view events, scan::Usage* usage,
                           std::string* model) = 0;
  // An answer to which nothing more can be done says that the target is not well, or broke off.
  virtual void targetFailed(uint32_t plan, uint32_t target) = 0;
  virtual void appendFields(const http::ResponseHead& head, const char* bytes, std::string* text) const = 0;
  virtual net::Poller& poller() = 0;

 protected:
  ~GovernorHost() = default;
};

class Governor {
 public:
  explicit Governor(GovernorHost& host);
  ~Governor();
  Governor(const Governor&) = delete;
  Governor& operator=(const Governor&) = delete;

  // A request that has arrived: it is taken, or given to JavaScript, before the poller waits again.
  void arrived(server::Exchange& exchange) { arrivals_.add(exchange); }
  // True: the exchange is taken care of.
  bool take(server::Exchange& exchange, const SentKey& key);
  // These ask the memory for what `take` will look at, each for what the one before has led to.
  void prefetchCredential(const SentKey& key) const;
  void prefetchApplication(const SentKey& key) const;
  void prefetchCounters(const SentKey& key) const;
  GovernorHost& host() const { return host_; }

  // --- from JavaScript ---
  // Calls of the next snapshot. Nothing is let through before `open` is set.
  std::shared_ptr<Generation> begin();
  const std::shared_ptr<Generation>& generation() const { return generation_; }
  // A key, or a token that JavaScript has verified. False: there are too many.
  bool learnCredential(const digest::Sha256& digest, Credential credential, bool isToken);
  // By its number: calls that are under way keep it as it was.
  void forgetApplication(uint64_t number);
  void setWorker(uint32_t worker) { worker_ = worker; }
  void setIdPrefix(std::string prefix) { idProcess_ = std::move(prefix); }
  void setJournal(journal::CallJournal* journal) { journal_ = journal; }
  void setLimits(limits::SharedLimits* limits) { limits_ = limits; }
  void setProxies(uint32_t listener, TrustedProxies proxies) { proxies_[listener] = std::move(proxies); }
  size_t open() const { return calls_.size(); }
  // Calls sent to an upstream from here, and those of them that went on in JavaScript.
  uint64_t forwarded() const { return forwarded_; }
  uint64_t handedOver() const { return handedOver_; }
  // The oldest generation that a call under way began with.
  uint32_t oldestGeneration() const;
  // Ends every call: streams with an error, what is not answered with JavaScript's.
  void failAll(int error);
  // Calls that are over are kept until nobody that ended them is on the stack.
  void recycle();
  // What was counted since the last time.
  Counts takeCounts();
  void close();

 private:
  friend class GovernedCall;

  Route* routeOf(const server::Exchange& exchange);
  // Null: nobody's here.
  const Credential* credentialOf(const SentKey& key) const;
  // From where a request comes, by what trusted proxies say. False: JavaScript has to say.
  bool readClient(const server::Exchange& exchange, std::string* address, std::string_view* scheme) const;
  // Whether JavaScript knows ways to authenticate this request besides a key.
  bool hasOtherCredentials(const server::Exchange& exchange, bool hasKey) const;
  // `subscription` is that which lets the call through, or null where it takes none.
  bool mayCall(const Service& service, const Application* application, double nowMs,
               const Subscription** subscription) const;
  bool hasRoomForToken();
  std::string_view nextId(double nowMs);
  GovernedCall* makeCall();
  void free(GovernedCall* call);

  GovernorHost& host_;
  Arrivals arrivals_{*this};
  std::shared_ptr<Generation> generation_;
  journal::CallJournal* journal_ = nullptr;
  limits::SharedLimits* limits_ = nullptr;
  std::unordered_map<uint32_t, TrustedProxies> proxies_;
  std::unordered_set<GovernedCall*> calls_;
  std::vector<std::unique_ptr<GovernedCall>> freeCalls_;
  std::vector<std::unique_ptr<GovernedCall>> retired_;
  Counts counts_;
  std::string key_;     // scratch for look-ups
  std::string fields_;  // scratch for answers
  std::string record_;
  std::string idProcess_;
  char id_[32] = {};
  double idMs_ = 0;
  uint32_t idCount_ = 0;
  uint64_t forwarded_ = 0;
  uint64_t handedOver_ = 0;
  uint32_t nextGeneration_ = 1;
  uint32_t worker_ = 0;
  uint64_t random_ = 0x2545f4914f6cdd1d;
};

}  // namespace tidegate::governor
