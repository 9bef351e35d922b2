// Counters behind rate limits, quotas and budgets in a MAP_SHARED segment: exact over all workers of a machine.
//
// Requests are exact: however many processes ask at once, a limit of 1,000 lets 1,000 through. A process may die at any
// instruction (kill -9): the others go on, at most the one request it was just counting is counted without having been
// made, and `reclaim` gives back the tokens and cost that it had reserved and not settled.
//
// An instance belongs to one thread. Several threads of a process open one each, like processes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tidegate::limits {

// kFixedWindow: windows aligned to the clock; what was used in one says nothing in the next.
// kSlidingWindow: two such windows, the previous one weighted by how much of it the last `windowMs` still cover:
//   used = current + previous × overlap. Exact within that definition, which takes the calls of the previous window as
//   spread evenly over it.
// kTokenBucket: gains `amount` per `windowMs`, evenly, and holds at most `amount`.
// kLeasedBucket: what a node has of a bucket that the cluster holds; not for callers.
enum class Algorithm : uint8_t { kFixedWindow, kSlidingWindow, kTokenBucket, kLeasedBucket };
// Requests are exact. Tokens and cost are estimates before the call: a counter below its limit admits whatever the
// amount.
enum class Unit : uint8_t { kRequests, kTokens, kCost };

// Whether a limit holds over all nodes of the cluster or on each by itself. Of a sliding window that is leased, the cluster knows what
// was used in the window before: its grants within a window stay good, for what they leave room for only gets less.
enum class Sharing : uint8_t { kDefault, kCluster, kNode };

struct LimitSpec {
  Algorithm algorithm = Algorithm::kFixedWindow;
  Unit unit = Unit::kRequests;
  double amount = 0;    // above 0
  double windowMs = 0;  // above 0
  Sharing sharing = Sharing::kDefault;
  bool slides = false;  // a leased window of a sliding one; not for callers
};

// Names a counter: a hash of its key, the same in every process. Neither half is 0.
struct CounterKey {
  uint64_t high = 0;
  uint64_t low = 0;
};
// MurmurHash3 x64 128 with seed 0.
CounterKey counterKeyOf(std::string_view name);

// No entry in the ledger: nothing to give back should this process die before it settles.
constexpr uint32_t kNoLedger = 0xffffffff;
// `open` takes the lowest worker number that is free.
constexpr uint32_t kAnyWorker = 0xffffffff;

struct Decision {
  bool allowed = false;
  bool full = false;  // the segment has no slot left: nothing was counted
  bool busy = false;  // a live process has held the counter for a second (stopped by a debugger?): nothing was counted
  double remaining = 0;
  double resetMs = 0;
  double retryAfterMs = 0;
  uint32_t ledger = kNoLedger;  // for settle
  bool empty = false;  // refused because what was leased is used up: the cluster may have more
  bool low = false;    // what was leased runs out: it is time to ask for more
};

// --- Leases: what a node of a cluster may use of limits that hold over all of them. Who says how much is the caller's
// business; here it is counted, and told what to say.

enum class ClaimState : uint8_t {
  kClaimed,    // the caller asks, with the numbers that come along, and tells the answer to `endLease`
  kUnderWay,   // somebody else of this machine is asking
  kTooEarly,   // the last answer was no, and is believed for a while
  kOutOfReach  // no slot, or busy
};

struct Claim {
  ClaimState state = ClaimState::kOutOfReach;
  uint64_t op = 0;         // counts on: a later question has a higher one
  double used = 0;         // windows: in this one. Buckets: since the last answer.
  double held = 0;         // leased and not used
  double windowEndMs = 0;  // buckets: 0
};

struct Holding {
  bool known = false;
  double used = 0;  // as in Claim
  double held = 0;  // below 0: used beyond what was leased
  double windowEndMs = 0;
};

struct LeasedWindow {
  CounterKey key;
  Claim claim;
};

struct NodeRecord {
  uint64_t id = 0;
  uint64_t redisRun = 0;
  uint32_t nodes = 0;
};

// Of this process.
struct SharedLimitsStats {
  uint64_t full = 0;       // calls that found no slot
  uint64_t busy = 0;       // calls given up because a live process kept the counter
  uint64_t untracked = 0;  // reservations that the ledger had no room for: lost if this process dies before settling
  uint64_t takeovers = 0;  // locks taken from dead processes
};

class SharedLimits {
 public:
  // Maps the segment in `path` for `slots` counters (64 to 16,777,216, rounded up to a power of two). It is made when
  // it is not there, and made anew when it is of another version or size and no live process has it open. `worker`:
  // this process's place among those that share the segment, 0 to 1023, or kAnyWorker. What dead processes had reserved
  // is given back. Null with `error` set: what failed and what to do.
  static std::unique_ptr<SharedLimits> open(const std::string& path, uint32_t slots, uint32_t worker,
                                            std::string* error);
  ~SharedLimits();
  SharedLimits(const SharedLimits&) = delete;
  SharedLimits& operator=(const SharedLimits&) = delete;

  // Brings the counter of this key into the caches.
  void prefetch(CounterKey key) const;

  // Same meaning as LimitStore.reserve and .settle in src/contracts/limits.ts. `nowMs`: Unix time.
  // `passesOnLow`: where more should be asked for, the call is left to somebody who can: neither allowed nor counted.
  Decision reserve(const LimitSpec& limit, CounterKey key, double amount, double nowMs, bool passesOnLow = false);
  // `reserved`, `reservedAtMs`: amount and nowMs of the reservation. `ledger`: its Decision.ledger; without it, the
  // entry is found by key, amount and time. False: the counter was out of reach (no slot for a bucket that now owes
  // something, or busy) and is not corrected.
  bool settle(const LimitSpec& limit, CounterKey key, double reserved, double used, double reservedAtMs, double nowMs,
              uint32_t ledger = kNoLedger);

  // From now on this process leases limits of Sharing::kCluster, and by default others.
  void setLeasing(bool isOn, bool byDefault);
  // Claims the right to ask the cluster about a leased limit, until `answerByMs`, and gives up what is held beyond `keep`.
  // `wanted`: more is asked for, unless the last answer was no; else something is only told.
  Claim beginLease(const LimitSpec& limit, CounterKey key, double keep, bool wanted, double nowMs,
                   double answerByMs);
  // The answer: `granted` on top of what the claim held. `unleased`: this node's share of what nobody has leased; of a sliding window
  // that is used up, below 0: milliseconds until something slides out.
  // Nobody asks again within `askAgainMs`. False: too late, or for a window that is over; nothing changes.
  bool endLease(const LimitSpec& limit, CounterKey key, const Claim& claim, double granted, double unleased,
                double nowMs, double askAgainMs);
  // Nobody answers: this node may use its share, a limit divided by the number of nodes.
  bool takeShare(const LimitSpec& limit, CounterKey key, double nodes, double nowMs, double askAgainMs);
  // Claims, to be told anew, what leased windows there are from slot `*cursor` on, at most `most`. Sets the cursor to where it is to go
  // on, or to the number of slots.
  std::vector<LeasedWindow> claimWindows(uint32_t* cursor, size_t most, double nowMs, double answerByMs);
  Holding look(const LimitSpec& limit, CounterKey key, double nowMs);

  NodeRecord node() const;
  void noteCluster(uint64_t redisRun, uint32_t nodes);
  // Sets the node's id to `wanted` where it is still `current`; gives what it is then.
  uint64_t claimNodeId(uint64_t current, uint64_t wanted);

  // Gives back what a dead process of `worker` had reserved and not settled. Returns how many reservations that were:
  // 0 when it lives.
  uint32_t reclaim(uint32_t worker);
  // Counters that still say something at `nowMs`. Reads the whole segment: for metrics.
  uint32_t slotsUsed(double nowMs) const;
  uint32_t slotCount() const;
  uint32_t worker() const;
  const SharedLimitsStats& stats() const;

 private:
  class State;
  explicit SharedLimits(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tidegate::limits
