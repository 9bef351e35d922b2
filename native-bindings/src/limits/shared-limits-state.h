// What is behind the public face: one process's view of the segment.
#pragma once

#include <utility>

#include "limits/counter-math.h"
#include "limits/ledger-index.h"
#include "limits/segment-file.h"
#include "limits/segment.h"
#include "limits/shared-limits.h"

namespace tidegate::limits {

// A key lies in one of this many slots.
constexpr uint32_t kProbes = 64;
// A counter that is over is kept this long: a call that began before that may still come.
constexpr double kReuseGraceMs = 2000;
constexpr uint32_t kNoSlot = 0xffffffff;

// Counters of one name under different algorithms are different counters.
inline CounterKey keyFor(Algorithm algorithm, CounterKey key) {
  key.high ^= static_cast<uint64_t>(algorithm) << 62;
  if (key.high == 0) key.high = 1;
  return key;
}

class SharedLimits::State {
 public:
  State(SegmentFile file, uint32_t slotCount)
      : stats_{},
        file_(std::move(file)),
        slotCount_(slotCount),
        stripes_(file_.at<Stripe>(kStripesAt)),
        workers_(file_.at<WorkerRecord>(kWorkersAt)),
        slots_(file_.at<Slot>(kSlotsAt)) {}

  bool join(uint32_t worker, std::string* error);
  // Where `probe` begins, which is no other place for any algorithm; all of the slot, for writing.
  void prefetch(CounterKey key) const {
    const auto* at = reinterpret_cast<const char*>(slots_ + probe(key, 0));
    for (size_t offset = 0; offset < sizeof(Slot); offset += 64) __builtin_prefetch(at + offset, 1);
  }
  Decision reserve(const LimitSpec& limit, CounterKey key, double amount, double nowMs, bool passesOnLow);
  bool settle(const LimitSpec& limit, CounterKey key, double reserved, double used, double reservedAtMs, double nowMs,
              uint32_t ledger);
  void setLeasing(bool isOn, bool byDefault);
  Claim beginLease(const LimitSpec& limit, CounterKey key, double keep, bool wanted, double nowMs,
                   double answerByMs);
  bool endLease(const LimitSpec& limit, CounterKey key, const Claim& claim, double granted, double unleased,
                double nowMs, double askAgainMs);
  bool takeShare(const LimitSpec& limit, CounterKey key, double nodes, double nowMs, double askAgainMs);
  std::vector<LeasedWindow> claimWindows(uint32_t* cursor, size_t most, double nowMs, double answerByMs);
  Holding look(const LimitSpec& limit, CounterKey key, double nowMs);
  ClusterRecord& cluster() const { return *file_.at<ClusterRecord>(kClusterAt); }
  uint32_t reclaim(uint32_t worker);
  uint32_t slotsUsed(double nowMs) const;

  uint32_t slotCount() const { return slotCount_; }
  uint32_t worker() const { return worker_; }
  const SharedLimitsStats& stats() const { return stats_; }

 private:
  // --- Locks

  bool acquire(LockWord& lock, uint32_t slot = kNoSlot) {
    uint64_t expected = 0;
    return lock.compare_exchange_strong(expected, token_, std::memory_order_acquire, std::memory_order_relaxed) ||
           acquireContended(lock, slot);
  }
  void release(LockWord& lock) { lock.store(0, std::memory_order_release); }
  bool acquireContended(LockWord& lock, uint32_t slot);
  bool isDead(uint64_t holder) const;
  void resolveInFlight(uint64_t holder, uint32_t slot);

  // --- Slots

  // Double hashing: the step is odd and the table a power of two, so all probes differ.
  uint32_t probe(CounterKey key, uint32_t i) const {
    return static_cast<uint32_t>(key.low + i * (key.high | 1)) & (slotCount_ - 1);
  }
  uint32_t find(CounterKey key) const;
  static bool isFree(const Slot& slot, double nowMs) {
    return get(slot.low) == 0 || get(slot.current().freeAtMs) + kReuseGraceMs <= nowMs;
  }

  enum class Found { kLocked, kMissing, kFull, kBusy };
  struct Place {
    Found found;
    uint32_t slot;
  };
  Place lockCounter(CounterKey key, const LimitSpec* insert, double nowMs, uint32_t hint = kNoSlot);
  Place insertCounter(CounterKey key, const LimitSpec& limit, double nowMs);

  // --- Leases

  bool isLeased(const LimitSpec& limit) const {
    return leasing_ && (limit.sharing == Sharing::kCluster || (leasedByDefault_ && limit.sharing == Sharing::kDefault));
  }

  // The slot is locked; the counter is still to be written.
  Claim claimSlot(Slot& slot, Counter& counter, double keep, double answerByMs);

  // --- Ledger

  LedgerEntry* ledgerOf(uint32_t worker) const { return file_.at<LedgerEntry>(ledgerAt(slotCount_, worker)); }
  // Different for every operation on a ledger entry: worker (10 bits), generation (22), count (32). Not 0.
  uint64_t nextOp() {
    if (++operations_ == 0) ++operations_;
    return opPrefix_ | operations_;
  }
  static uint64_t opPrefixOf(uint32_t worker, uint32_t generation) {
    return uint64_t{worker} << 54 | uint64_t{generation & 0x3fffff} << 32;
  }
  uint64_t begin(LedgerEntry& entry, uint32_t worker, uint32_t index, EntryState state);
  bool giveBack(LedgerEntry& entry, uint32_t worker, uint32_t index, bool* done);

  SharedLimitsStats stats_;
  SegmentFile file_;
  uint32_t slotCount_;
  Stripe* stripes_;
  WorkerRecord* workers_;
  Slot* slots_;
  uint32_t worker_ = 0;
  uint64_t token_ = 0;
  uint64_t opPrefix_ = 0;
  uint32_t operations_ = 0;
  LedgerEntry* ledger_ = nullptr;
  LedgerIndex index_;
  bool leasing_ = false;
  bool leasedByDefault_ = false;
};

}  // namespace tidegate::limits
