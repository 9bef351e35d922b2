// One request and its answer on a downstream connection.
#pragma once

#include <cstdint>
#include <string_view>

#include "../http/chunked-decoder.h"
#include "../http/request-parser.h"

namespace tidegate::server {

class Connection;
class Exchange;

// Who works on an exchange: JavaScript, or a native proxy.
class ExchangeObserver {
 public:
  // `readWhole`: the body is complete; `tooLong`: it passed the limit, and what is left of it is dropped.
  virtual void onWholeBody(Exchange& exchange, bool tooLong) = 0;
  // `streamBody`: false asks for a pause until `resumeBody`.
  virtual bool onBodyChunk(Exchange& exchange, const char* bytes, size_t length) = 0;
  virtual void onBodyEnd(Exchange& exchange) = 0;
  // The client has taken what was written.
  virtual void onDrain(Exchange& exchange) = 0;
  // The client has gone, or was cut off: nothing of this exchange is to be touched any more.
  virtual void onAborted(Exchange& exchange) = 0;

 protected:
  ~ExchangeObserver() = default;
};

// How the length of an answer's body is told.
enum class BodyFraming : uint8_t {
  kNone,     // no body and no length: 204, 304
  kLength,   // Content-Length, and that many bytes follow
  kHeadOnly, // Content-Length, but no body follows: HEAD
  kUnknown,  // chunked, or until close for HTTP/1.0
};

class Exchange {
 public:
  explicit Exchange(const http::RequestLimits& limits) : parser_(limits) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  const http::RequestHead& head() const { return head_; }
  // The head's bytes: the spans of `head()` are places in them. May move when bytes arrive.
  const char* headBytes() const;
  std::string_view text(http::Span span) const { return span.in(headBytes()); }
  std::string_view method() const { return text(head_.method); }
  // Its value as `id` has it first; empty data() when there is none.
  std::string_view field(http::FieldName id) const;
  bool isHead() const { return method() == "HEAD"; }

  Connection& connection() const { return *connection_; }
  ExchangeObserver* observer() const { return observer_; }
  void setObserver(ExchangeObserver* observer) { observer_ = observer; }

  // --- the request's body ---
  bool hasBody() const { return head_.chunked || head_.contentLength > 0; }
  bool bodyArrived() const { return bodyDone_; }
  // What has been held back of it so far: all of it once `bodyArrived`, unless it was streamed.
  std::string_view body() const;
  uint64_t bodyBytes() const { return bodyBytes_; }
  // Nothing of the two is told within the call but a body that is too long or complete (onWholeBody).
  void readWhole(uint64_t limitBytes);
  void streamBody();
  void resumeBody();
  void pauseBody() { setPaused(true); }

  // --- the answer ---
  bool answerBegun() const { return answerBegun_; }
  bool answerEnded() const { return answerEnded_; }
  // `fields`: complete lines, each with its CRLF, without Content-Length, Transfer-Encoding, Connection and Date.
  void beginAnswer(uint16_t status, std::string_view fields, BodyFraming framing, uint64_t contentLength);
  // False: taken, but wait for onDrain.
  bool writeAnswer(const char* bytes, size_t length);
  // Short of its announced length, the connection is cut.
  void endAnswer();
  // A whole answer.
  void answer(uint16_t status, std::string_view fields, std::string_view body);
  // Leaves HTTP: from here on the connection's bytes are the body, and what is written goes out as it is, the head of the
  // answer too. Only before there is an answer, and of a request without a body.
  void beginTunnel();
  // An interim answer (1xx).
  void inform(uint16_t status, std::string_view fields);
  // Cuts the connection without onAborted.
  void destroy();
  uint64_t answerBytes() const { return answerBytes_; }

  // How long the client may be silent within a body, its own or the answer's; 0: for ever.
  uint32_t idleTimeoutMs = 60'000;
  // Monotonic nanoseconds at which the head was complete, and Unix milliseconds.
  uint64_t startedAtNs = 0;
  double startedAtMs = 0;
  // Where JavaScript knows it by.
  uint32_t slot = 0;
  uint64_t id = 0;

 private:
  friend class Connection;
  enum class BodyMode : uint8_t { kHold, kWhole, kStream, kDiscard };

  void reset();
  void setPaused(bool paused);
  void askForBody();

  http::RequestParser parser_;
  http::RequestHead head_;
  Connection* connection_ = nullptr;
  ExchangeObserver* observer_ = nullptr;
  http::ChunkedDecoder decoder_;
  size_t headLength_ = 0;
  size_t heldBytes_ = 0;   // decoded bytes of the body behind the head
  uint64_t bodyBytes_ = 0; // of the body so far, decoded
  uint64_t limitBytes_ = 0;
  uint64_t answerLeft_ = 0;
  uint64_t answerBytes_ = 0;
  uint64_t discardFromByte_ = UINT64_MAX;  // of the body: what follows is read for nothing, to keep the connection
  // How long the client has been waited for, without the time in which it had to wait for us.
  uint64_t waitedMs_ = 0;
  uint64_t waitingSinceMs_ = 0;
  uint64_t bytesBeforeWait_ = 0;
  BodyMode mode_ = BodyMode::kHold;
  BodyFraming framing_ = BodyFraming::kNone;
  bool headDone_ = false;
  bool bodyDone_ = false;
  bool paused_ = false;
  bool resumeAsked_ = false;  // within the callback that is about to ask for a pause
  bool continueSent_ = false;
  bool answerBegun_ = false;
  bool answerEnded_ = false;
  bool chunkedAnswer_ = false;
  bool drainWanted_ = false;
  bool wholeTold_ = false;
  bool endTold_ = false;
  bool tunnel_ = false;
};

}  // namespace tidegate::server
