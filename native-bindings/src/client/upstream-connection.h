// One connection to an upstream: one call at a time.
#pragma once

#include <cstdint>

#include "../http/chunked-decoder.h"
#include "../http/response-parser.h"
#include "../net/byte-buffer.h"
#include "../net/poller.h"
#include "upstream-call.h"

namespace tidegate::client {

class Origin;
struct SocketAddress;

class UpstreamConnection final : public net::Pollable, public net::Timed, public net::Deferred {
 public:
  explicit UpstreamConnection(Origin& origin);
  ~UpstreamConnection();
  UpstreamConnection(const UpstreamConnection&) = delete;
  UpstreamConnection& operator=(const UpstreamConnection&) = delete;

  // Begins to connect, for a call. False: not even that was possible.
  bool connect(const SocketAddress& address, size_t addressesLeft, UpstreamCall& call);
  // Sends a call on a connection that is idle.
  void take(UpstreamCall& call);
  void cut();

  void onEvents(uint32_t events) override;
  void onDeadline() override;
  void onTurnEnd() override;

  size_t idleIndex = SIZE_MAX;
  size_t allIndex = SIZE_MAX;

 private:
  friend class UpstreamCall;
  enum class State : uint8_t { kConnecting, kBusy, kIdle, kDead };

  void connected();
  void connectFailed(UpstreamError error, const char* reason);
  void sendRequest();
  bool write(const char* bytes, size_t length);
  void flush();
  void readInput();
  void process();
  bool processHead();
  bool processBody();
  void responseEnded();
  bool hasMoreInput();
  void fail(UpstreamError error, const char* reason);
  void lost(const char* reason);
  uint64_t deadlineOfState() const;
  void updateDeadline();

  Origin& origin_;
  net::FileDescriptor fd_;
  net::ByteBuffer in_;
  net::ByteBuffer out_;
  UpstreamCall* call_ = nullptr;
  http::ResponseParser parser_;
  http::ResponseHead head_;
  http::ChunkedDecoder decoder_;
  uint64_t bodyLeft_ = 0;
  uint64_t connectDeadlineMs_ = 0;  // for all addresses together
  uint64_t addressDeadlineMs_ = 0;  // for this one
  uint64_t sentAtMs_ = 0;
  uint64_t progressedMs_ = 0;
  uint32_t keepAliveMs_ = 0;
  size_t addressesLeft_ = 0;
  State state_ = State::kConnecting;
  enum class Framing : uint8_t { kHead, kNone, kLength, kChunked, kUntilClose } framing_ = Framing::kHead;
  bool reused_ = false;
  bool gotBytes_ = false;
  bool inputReady_ = false;
  bool processing_ = false;
  bool requestSent_ = false;
  bool wantsRead_ = false;
  bool drainWanted_ = false;
  bool failing_ = false;  // to be told when whoever started the call is off the stack
  bool sendFailed_ = false;
  bool peerClosed_ = false;
  bool longBody_ = false;
  UpstreamError failure_ = UpstreamError::kReset;
  const char* failureReason_ = "";
};

}  // namespace tidegate::client
