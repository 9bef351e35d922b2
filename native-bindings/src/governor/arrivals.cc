#include "arrivals.h"

#include "governor.h"

namespace tidegate::governor {

void Arrivals::add(server::Exchange& exchange) {
  exchange.setObserver(this);
  waiting_.push_back({&exchange, readKey(exchange)});
  if (governor_.generation() != nullptr) governor_.prefetchCredential(waiting_.back().key);
  governor_.host().poller().defer(this);
}

void Arrivals::close() {
  waiting_.clear();
  deciding_.clear();
  governor_.host().poller().undefer(this);
}

void Arrivals::onTurnEnd() {
  deciding_.swap(waiting_);
  // Only asked for here: by the time one is decided, a snapshot may hold that knows it otherwise.
  if (deciding_.size() > 1 && governor_.generation() != nullptr) {
    for (const Arrival& arrival : deciding_) governor_.prefetchApplication(arrival.key);
    for (const Arrival& arrival : deciding_) governor_.prefetchCounters(arrival.key);
  }
  for (size_t i = 0; i < deciding_.size(); i++) {
    const Arrival arrival = deciding_[i];
    deciding_[i].exchange = nullptr;
    if (arrival.exchange != nullptr) decide(*arrival.exchange, arrival.key);
  }
  deciding_.clear();
}

void Arrivals::decide(server::Exchange& exchange, const SentKey& key) {
  exchange.setObserver(nullptr);
  if (!governor_.take(exchange, key)) governor_.host().giveToJavaScript(exchange);
}

// Still a call, and in the log: it is decided about, and told at once that its client has gone.
void Arrivals::onAborted(server::Exchange& exchange) {
  for (auto* list : {&waiting_, &deciding_}) {
    for (Arrival& arrival : *list) {
      if (arrival.exchange != &exchange) continue;
      arrival.exchange = nullptr;
      decide(exchange, SentKey(arrival.key));
      server::ExchangeObserver* const observer = exchange.observer();
      if (observer == nullptr) return;
      exchange.setObserver(nullptr);
      observer->onAborted(exchange);
      return;
    }
  }
}

}  // namespace tidegate::governor
