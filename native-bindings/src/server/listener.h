// A listening socket with SO_REUSEPORT: every worker has its own, the kernel spreads connections over them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "../http/request-parser.h"
#include "../net/byte-buffer.h"
#include "../net/poller.h"
#include "connection.h"
#include "exchange.h"

namespace tidegate::server {

struct ListenerOptions {
  std::string host;
  uint16_t port = 0;
  http::RequestLimits limits;
  uint64_t maxBodyBytes = 0;
  uint32_t idleTimeoutMs = 75'000;    // between two requests
  uint32_t headTimeoutMs = 15'000;    // for a whole head, from its first byte (from the accept for the first)
  uint32_t minBodyBytesPerSecond = 0; // 0: no rate is asked for
};

// What a server shares with all that it listens on.
struct ServerShared {
  net::Poller* poller;
  net::BlockPool* blocks;
  // `date: …` line of this second, with CRLF.
  std::string_view dateLine();
  std::vector<std::unique_ptr<Exchange>> freeExchanges;
  std::vector<std::unique_ptr<Exchange>> deadExchanges;  // freed with the turn
  std::vector<std::unique_ptr<Connection>> dead;
  uint64_t nextId = 1;

 private:
  char date_[48];
  size_t dateLength_ = 0;
  int64_t dateSecond_ = 0;
};

class ServerEvents {
 public:
  // A head is complete and in order. Whoever takes the exchange sets its observer before it returns.
  virtual void onRequest(Exchange& exchange) = 0;
  // A request that is not let in. Returns the body of the answer, JSON. `path`: as far as it is known.
  virtual std::string onRefused(Listener& listener, std::string_view path, http::RequestRefusal refusal) = 0;
  // The same for a client that was too slow.
  virtual std::string onTimedOut(Listener& listener, std::string_view path) = 0;

 protected:
  ~ServerEvents() = default;
};

class Listener final : public net::Pollable, public net::Timed {
 public:
  Listener(ServerShared& shared, ServerEvents& events, ListenerOptions options);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // "" or why it can't listen.
  std::string listen();
  uint16_t port() const { return port_; }
  // Answers say `connection: close` from now on.
  void stopAccepting();
  // Cuts every connection.
  void close();
  size_t connections() const { return connections_.size(); }
  bool closing() const { return closing_; }
  const ListenerOptions& options() const { return options_; }
  ServerShared& shared() const { return shared_; }
  ServerEvents& events() const { return events_; }
  // Frees it at the end of the turn.
  void bury(Connection* connection);
  uint32_t id = 0;

  void onEvents(uint32_t events) override;
  void onDeadline() override;

 private:
  // True: there may be more.
  bool accept();

  ServerShared& shared_;
  ServerEvents& events_;
  ListenerOptions options_;
  net::FileDescriptor fd_;
  std::unordered_set<Connection*> connections_;
  uint16_t port_ = 0;
  bool closing_ = false;
};

}  // namespace tidegate::server
