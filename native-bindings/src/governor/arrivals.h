// Requests that have arrived wait for the end of the poller's turn, to be decided together. Among very many keys, nothing of a
// caller's is in the caches, and a look-up would wait for memory three times; for all that have arrived together, it waits
// three times as well. Nobody waits longer: what is between a request and its turn's end is work that is due anyway.
#pragma once

#include <cstddef>
#include <vector>

#include "../net/poller.h"
#include "../server/exchange.h"
#include "sent-key.h"

namespace tidegate::governor {

class Governor;

class Arrivals final : public server::ExchangeObserver, public net::Deferred {
 public:
  explicit Arrivals(Governor& governor) : governor_(governor) {}

  void add(server::Exchange& exchange);
  // Nothing is decided any more.
  void close();

  void onTurnEnd() override;
  void onAborted(server::Exchange& exchange) override;
  // Nothing was asked for yet.
  void onWholeBody(server::Exchange&, bool) override {}
  bool onBodyChunk(server::Exchange&, const char*, size_t) override { return true; }
  void onBodyEnd(server::Exchange&) override {}
  void onDrain(server::Exchange&) override {}

 private:
  struct Arrival {
    server::Exchange* exchange;  // null: it was cut off
    SentKey key;
  };

  void decide(server::Exchange& exchange, const SentKey& key);

  Governor& governor_;
  std::vector<Arrival> waiting_;
  std::vector<Arrival> deciding_;
};

}  // namespace tidegate::governor
