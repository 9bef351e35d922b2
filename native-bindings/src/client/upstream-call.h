// One request to an upstream and its answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "../http/response-parser.h"
#include "../net/poller.h"

namespace tidegate::client {

class Origin;
struct ClientShared;
class UpstreamCall;
class UpstreamConnection;

enum class UpstreamError : uint8_t {
  kUnreachable,       // no connection, nothing was sent
  kConnectTimeout,    // likewise
  kReset,             // the connection ended before the answer was complete
  kFirstByteTimeout,
  kIdleTimeout,
  kProtocol,          // not HTTP, or HTTP that can't be framed
  kSwitched,          // 101 without being asked
};

class CallObserver {
 public:
  // A 1xx answer other than 101.
  virtual void onInterim(UpstreamCall& call, const http::ResponseHead& head, const char* bytes) = 0;
  // False: no body may be told until resume().
  virtual bool onHead(UpstreamCall& call, const http::ResponseHead& head, const char* bytes) = 0;
  virtual bool onData(UpstreamCall& call, const char* bytes, size_t length) = 0;
  // The call is over; it must not be touched afterwards.
  virtual void onComplete(UpstreamCall& call) = 0;
  // The same. `reason` is for people.
  virtual void onError(UpstreamCall& call, UpstreamError error, const char* reason) = 0;
  // More of the request's body can be taken.
  virtual void onRequestDrain(UpstreamCall& call) = 0;

 protected:
  ~CallObserver() = default;
};

struct CallTimeouts {
  uint32_t firstByteMs = 0;  // from the request being sent; 0: none
  uint32_t idleMs = 0;
};

class UpstreamCall {
 public:
  // From the pool of `origin`'s client. Fill `head` and `body`, then start.
  static UpstreamCall* make(Origin& origin, CallObserver* observer);

  // The request head, complete with its empty line.
  std::string head;
  // The whole body, when it is at hand; must stay where it is until the call is over. Empty when it is streamed.
  std::string_view body;
  // When the caller has no better place for it.
  std::string ownBody;
  bool streamedBody = false;
  bool chunkedBody = false;
  bool isHead = false;      // the method is HEAD: no body follows the answer's head
  bool idempotent = false;  // may be sent again when a reused connection turns out to be dead
  CallTimeouts timeouts;

  void start();
  // Of a streamed body. False: taken, but wait for onRequestDrain.
  bool writeBody(const char* bytes, size_t length);
  void endBody();
  void resume();
  // Ends it without another word to the observer.
  void abort();

  Origin& origin() const { return *origin_; }
  CallObserver* observer() const { return observer_; }
  // Somebody else goes on with it.
  void setObserver(CallObserver* observer) { observer_ = observer; }
  bool answered() const { return gotHead_; }
  // Whether a connection carries it (false: it waits for one).
  bool connected() const { return connection_ != nullptr; }
  uint32_t slot = 0;
  uint64_t id = 0;

 private:
  friend class Origin;
  friend class UpstreamConnection;
  friend struct ClientShared;

  void reset();
  void forgetBodies(size_t keptBytes);

  Origin* origin_ = nullptr;
  CallObserver* observer_ = nullptr;
  UpstreamConnection* connection_ = nullptr;
  bool gotHead_ = false;
  bool bodyEnded_ = false;   // the streamed body
  bool paused_ = false;
  bool retried_ = false;
  bool bodyBegun_ = false;
  uint64_t waitsSinceMs_ = 0;  // for an address
  std::string earlyBody_;  // streamed before there was a connection
};

}  // namespace tidegate::client
