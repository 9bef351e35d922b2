// What one environment's engine consists of: poller, listeners, origins, and the way into JavaScript.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../client/origin.h"
#include "../governor/governor.h"
#include "../client/upstream-call.h"
#include "../client/upstream-connection.h"
#include "../net/byte-buffer.h"
#include "../net/poller.h"
#include "../server/exchange.h"
#include "../server/listener.h"
#include "separators.h"

namespace tidegate {

// Objects that JavaScript names by number. A number is used once: one that is over finds nothing.
template <typename Object>
class Handles {
 public:
  double add(Object* object, uint64_t sequence) {
    uint32_t slot;
    if (free_.empty()) {
      slot = static_cast<uint32_t>(entries_.size());
      entries_.push_back({});
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    object->slot = slot;
    entries_[slot] = {object, sequence & kSequenceMask};
    return handleOf(slot, sequence);
  }

  Object* find(double handle) const {
    const auto number = static_cast<uint64_t>(handle);
    const uint64_t slot = number & kSlotMask;
    if (slot >= entries_.size() || entries_[slot].object == nullptr) return nullptr;
    return entries_[slot].sequence == number >> kSlotBits ? entries_[slot].object : nullptr;
  }

  static double handleOf(uint32_t slot, uint64_t sequence) {
    return static_cast<double>((sequence & kSequenceMask) << kSlotBits | slot);
  }

  void remove(uint32_t slot) {
    entries_[slot].object = nullptr;
    free_.push_back(slot);
  }

 private:
  // 53 bits in all: what a JavaScript number holds exactly.
  static constexpr uint32_t kSlotBits = 20;
  static constexpr uint64_t kSlotMask = (1u << kSlotBits) - 1;
  static constexpr uint64_t kSequenceMask = (uint64_t{1} << 33) - 1;
  struct Entry {
    Object* object = nullptr;
    uint64_t sequence = 0;
  };
  std::vector<Entry> entries_;
  std::vector<uint32_t> free_;
};

// The functions of JavaScript that an engine calls, in the order in which `createEngine` takes them.
enum class Callback : uint8_t {
  kRequest,      // (listener, exchange, head, contentLength, hasBytesBeyondAscii)
  kRefused,      // (listener, path, refusal) => body
  kTimedOut,     // (listener, path) => body
  kWholeBody,    // (exchange, length, bytes | undefined, tooLong)
  kBodyChunk,    // (exchange, length, bytes | undefined) => more
  kBodyEnd,      // (exchange)
  kDrain,        // (exchange)
  kAborted,      // (exchange)
  kCallInterim,  // (call, status, fields)
  kCallHead,     // (call, status, fields) => more
  kCallData,     // (call, length, bytes | undefined) => more
  kCallComplete, // (call)
  kCallError,    // (call, error, reason)
  kCallDrain,    // (call)
  kHandover,     // as kRequest, then (id, startedAtMs, elapsedMs, dispatchedMs, plan, target, error, reason, status,
                 //  fields, data, complete, call | -1)
  kRecord,       // (record)
  kStreamError,  // (plan, target, id, error, data) => code, line end, text
  kCost,         // (plan, target, input, output, cached, written) => US dollars
  kTranslateRequest,  // (plan, target, length, bytes | undefined) => text | undefined
  kTranslateAnswer,   // (plan, target, id, length, bytes | undefined) => text | undefined; usage and model: see engine.ts
  kTargetFailed,      // (plan, target)
  kStreamUsage,       // (plan, target, length, bytes | undefined) => whether there is any; usage and model: see engine.ts
  kCount,
};

class Engine final : public net::Poller::Turns,
                     public server::ServerEvents,
                     public server::ExchangeObserver,
                     public client::CallObserver,
                     public governor::GovernorHost {
 public:
  static constexpr size_t kScratchBytes = 64 * 1024;

  Engine(napi_env env, uv_loop_t* loop);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  napi_env env() const { return env_; }
  void setCallbacks(napi_value object);

  // --- from JavaScript ---
  server::Listener* listen(server::ListenerOptions options, std::string* error);
  server::Listener* listener(uint32_t id) const;
  void forgetListener(uint32_t id);
  uint32_t addOrigin(client::OriginOptions options);
  void removeOrigin(uint32_t id);
  server::Exchange* exchange(double handle) const { return exchanges_.find(handle); }
  // No further callback for this exchange.
  void release(server::Exchange& exchange);
  double startCall(client::UpstreamCall* call);
  client::UpstreamCall* call(double handle) const { return calls_.find(handle); }
  void release(client::UpstreamCall& call);
  // Cuts everything and gives libuv's handles back; `closed` is called when that is done.
  void close(std::function<void()> closed = nullptr);
  // What was finished since the last time is freed or kept for reuse. Not while anything of it is on the stack.
  void bury();
  net::Poller& poller() override { return poller_; }
  governor::Governor& governor() { return governor_; }
  // The array of numbers that upstream targets share with JavaScript; kept from being collected.
  void setNumbers(napi_value owner, double* numbers, size_t count);
  governor::TargetNumbers* numbers(uint32_t index) const {
    return reinterpret_cast<governor::TargetNumbers*>(numbers_) + (index < numbersCount_ ? index : 0);
  }

  // --- GovernorHost ---
  client::Origin* origin(uint32_t id) const override;
  void giveToJavaScript(server::Exchange& exchange) override;
  void handOver(server::Exchange& exchange, const governor::Handover& handover) override;
  void onRecord(std::string_view record) override;
  std::string streamError(uint32_t plan, uint32_t target, std::string_view requestId, int error, std::string_view data,
                          std::string* code) override;
  double costOf(uint32_t plan, uint32_t target, const scan::Usage& usage) override;
  bool translateRequest(uint32_t plan, uint32_t target, std::string_view body, std::string* text) override;
  bool translateAnswer(uint32_t plan, uint32_t target, std::string_view requestId, std::string_view body,
                       std::string* text, scan::Usage* usage, std::string* model) override;
  bool streamUsage(uint32_t plan, uint32_t target, std::string_view events, scan::Usage* usage,
                   std::string* model) override;
  // What goes with the text of an answer that JavaScript translates: five numbers of tokens, the model's name.
  void setServedModel(std::string model) { servedModel_ = std::move(model); }
  void targetFailed(uint32_t plan, uint32_t target) override;
  void appendFields(const http::ResponseHead& head, const char* bytes, std::string* text) const override;

  // --- Turns ---
  void beginTurn() override;
  void endTurn() override;

  // --- ServerEvents ---
  void onRequest(server::Exchange& exchange) override;
  std::string onRefused(server::Listener& listener, std::string_view path, http::RequestRefusal refusal) override;
  std::string onTimedOut(server::Listener& listener, std::string_view path) override;

  // --- ExchangeObserver: those that JavaScript works on ---
  void onWholeBody(server::Exchange& exchange, bool tooLong) override;
  bool onBodyChunk(server::Exchange& exchange, const char* bytes, size_t length) override;
  void onBodyEnd(server::Exchange& exchange) override;
  void onDrain(server::Exchange& exchange) override;
  void onAborted(server::Exchange& exchange) override;

  // --- CallObserver: those that JavaScript started ---
  void onInterim(client::UpstreamCall& call, const http::ResponseHead& head, const char* bytes) override;
  bool onHead(client::UpstreamCall& call, const http::ResponseHead& head, const char* bytes) override;
  bool onData(client::UpstreamCall& call, const char* bytes, size_t length) override;
  void onComplete(client::UpstreamCall& call) override;
  void onError(client::UpstreamCall& call, client::UpstreamError error, const char* reason) override;
  void onRequestDrain(client::UpstreamCall& call) override;

 private:
  // Calls into JavaScript within a scope of its own. Null when it threw: that becomes an uncaught exception.
  napi_value callBack(Callback callback, size_t count, const napi_value* arguments);
  bool truthOf(napi_value value);
  std::string textOf(napi_value value);
  double handleOf(const server::Exchange& exchange) const {
    return Handles<server::Exchange>::handleOf(exchange.slot, exchange.id);
  }
  double handleOf(const client::UpstreamCall& call) const {
    return Handles<client::UpstreamCall>::handleOf(call.slot, call.id);
  }
  // Arguments for `length` bytes: in the scratch, or as a Buffer of their own when they are more.
  size_t bytesArguments(const char* bytes, size_t length, napi_value* arguments);
  // The first five arguments of kRequest.
  // What JavaScript has told of an answer: it is in `figures_` and `servedModel_`.
  void readTold(scan::Usage* usage, std::string* model) const;
  void requestArguments(server::Exchange& exchange, napi_value* arguments);
  napi_value textValue(std::string_view text);
  napi_value fieldsText(const http::ResponseHead& head, const char* bytes);

  napi_env env_;
  net::Poller poller_;
  net::BlockPool blocks_;
  server::ServerShared server_;
  client::ClientShared client_;
  Handles<server::Exchange> exchanges_;
  Handles<client::UpstreamCall> calls_;
  std::vector<std::unique_ptr<server::Listener>> listeners_;
  std::vector<std::unique_ptr<client::Origin>> origins_;
  std::vector<std::unique_ptr<client::Origin>> deadOrigins_;
  governor::Governor governor_{*this};
  std::string text_;  // for heads on their way to JavaScript
  napi_ref callbacks_[static_cast<size_t>(Callback::kCount)] = {};
  napi_ref receiver_ = nullptr;
  napi_ref scratchReference_ = nullptr;
  char* scratch_ = nullptr;
  napi_ref figuresReference_ = nullptr;
  double* figures_ = nullptr;  // tokens that JavaScript told last
  std::string servedModel_;
  napi_ref numbersReference_ = nullptr;
  double* numbers_ = nullptr;
  size_t numbersCount_ = 0;
  napi_async_context asyncContext_ = nullptr;
  napi_handle_scope turnHandles_ = nullptr;
  napi_callback_scope turnScope_ = nullptr;
  uint64_t nextCallId_ = 1;
  bool closed_ = false;
};

// What JavaScript holds as its engine.
inline Engine* engineOf(napi_env env, napi_value value) {
  void* engine = nullptr;
  napi_get_value_external(env, value, &engine);
  return static_cast<Engine*>(engine);
}

}  // namespace tidegate
