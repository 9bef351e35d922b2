// The connections to one upstream address: resolved, opened, kept alive, reused.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <uv.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "../net/byte-buffer.h"
#include "../net/poller.h"

namespace tidegate::client {

class UpstreamCall;
class UpstreamConnection;
class Origin;
enum class UpstreamError : uint8_t;

struct OriginOptions {
  std::string host;  // a name or an address, without brackets
  uint16_t port = 0;
  std::string unixPath;  // instead of both
  uint32_t connectTimeoutMs = 0;
  // Below the 60 s after which common servers drop an idle connection.
  uint32_t keepAliveMs = 55'000;
};

struct ClientShared {
  net::Poller* poller;
  net::BlockPool* blocks;
  std::vector<std::unique_ptr<UpstreamConnection>> dead;
  std::vector<std::unique_ptr<UpstreamCall>> freeCalls;
  std::vector<std::unique_ptr<UpstreamCall>> deadCalls;
  // A call that is over: kept for reuse, without its bodies, when the turn ends.
  void retire(UpstreamCall* call);
};

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

class Origin {
 public:
  Origin(ClientShared& shared, OriginOptions options);
  ~Origin();
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;

  // Sends the call on an idle connection or on a new one. Its observer hears of a failure in a later turn, never in this call.
  void start(UpstreamCall& call, bool fresh);
  void remove(UpstreamCall& waiting);
  // Ends idle connections, and those in use with their calls. Later calls fail.
  void close();

  size_t connected() const { return connections_; }
  size_t running() const { return connections_ - idle_.size() + waiting_.size(); }
  const OriginOptions& options() const { return options_; }
  ClientShared& shared() const { return shared_; }

 private:
  friend class UpstreamConnection;
  struct Resolving;
  // The resolver can't even be asked: told at the end of the turn, as every failure.
  struct FailedResolve final : net::Deferred {
    explicit FailedResolve(Origin& owner) : origin(owner) {}
    void onTurnEnd() override;
    Origin& origin;
  };

  // Calls that wait for an address for too long.
  struct ResolveTimer final : net::Timed {
    explicit ResolveTimer(Origin& owner) : origin(owner) {}
    void onDeadline() override;
    Origin& origin;
  };

  UpstreamConnection* takeIdle();
  void connect(UpstreamCall& call);
  // Those that have waited since `untilMs` or longer.
  void failWaiting(uint64_t untilMs, UpstreamError error, const char* reason);
  void resolve();
  static void onResolved(uv_getaddrinfo_t* request, int status, addrinfo* found);
  void resolved(int status, const addrinfo* found);
  void becameIdle(UpstreamConnection* connection);
  void notIdle(UpstreamConnection* connection);
  void bury(UpstreamConnection* connection);

  ClientShared& shared_;
  OriginOptions options_;
  std::vector<SocketAddress> addresses_;
  size_t nextAddress_ = 0;
  uint64_t resolvedAtMs_ = 0;
  Resolving* resolving_ = nullptr;
  std::vector<UpstreamConnection*> idle_;
  std::vector<UpstreamConnection*> all_;
  std::deque<UpstreamCall*> waiting_;  // for the address
  size_t connections_ = 0;
  FailedResolve failedResolve_{*this};
  ResolveTimer resolveTimer_{*this};
  bool isName_ = false;
  bool closed_ = false;
};

}  // namespace tidegate::client
