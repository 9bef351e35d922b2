// Layout of the segment file, the same for every process that maps it:
//
//   header │ stripes (locks for inserting keys) │ workers │ slots (counters, a hash table) │ ledger of worker 0 │ … 1 │ …
//
// The file grows by a ledger when a worker number is used for the first time; what lies behind its end is mapped and not
// touched. All fields that several processes touch are atomics; locks order them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "limits/counter-math.h"

namespace tidegate::limits {

constexpr uint64_t kMagic = 0x31534c4745444954;  // "TIDEGLS1"
constexpr uint32_t kVersion = 1;
constexpr uint32_t kWorkers = 1024;
constexpr uint32_t kLedgerEntries = 4096;
constexpr uint32_t kStripes = 256;
constexpr uint32_t kMinSlots = 64;
constexpr uint32_t kMaxSlots = 1u << 24;

// 0: free. Else who holds it: generation << 32 | worker + 1.
using LockWord = std::atomic<uint64_t>;

// Dying in the middle of an update leaves it at one instruction of the program's order. This keeps the compiler from
// changing that order; towards other processes the lock does.
inline void crashBarrier() { std::atomic_signal_fence(std::memory_order_seq_cst); }

template <typename T>
T get(const std::atomic<T>& field) {
  return field.load(std::memory_order_relaxed);
}

template <typename T>
void set(std::atomic<T>& field, T value) {
  field.store(value, std::memory_order_relaxed);
}

struct Header {
  uint64_t magic = kMagic;
  uint32_t version = kVersion;
  uint32_t slotCount = 0;
  uint32_t slotBytes = 0;
  uint32_t workers = kWorkers;
  uint32_t ledgerEntries = kLedgerEntries;
  uint32_t stripes = kStripes;
};

// Of this machine as a node of a cluster, in the header's page behind the header. All 0 in a new file.
struct alignas(64) ClusterRecord {
  std::atomic<uint64_t> nodeId;
  std::atomic<uint64_t> redisRun;  // the life of Redis that knows what this node holds
  std::atomic<uint64_t> lastOp;    // counts what the node has asked for
  std::atomic<uint32_t> nodes;     // seen last; 0: none yet
};

struct alignas(64) Stripe {
  LockWord lock;
};

struct alignas(64) WorkerRecord {
  // Counts the processes that had this number: one more means that the one before is dead.
  std::atomic<uint32_t> generation;
  // Which ledger entry its current critical section is about: worker << 12 | entry, or kNoLedger.
  std::atomic<uint32_t> inFlight;
  // Not 0: its ledger may hold reservations of a process that is gone.
  std::atomic<uint32_t> registered;
  // For messages to people.
  std::atomic<uint32_t> pid;
};

// One state of a counter. `lastOp`: which operation on a ledger entry wrote it, or 0.
struct CounterCopy {
  std::atomic<double> value;
  std::atomic<double> previous;
  std::atomic<double> atMs;
  std::atomic<double> freeAtMs;
  std::atomic<uint64_t> lastOp;
};

// What is known of a counter's lease from the cluster. Read and written under the slot's lock. A process that dies in between
// leaves a lease that is asked for again: nothing of it is needed to count right.
struct LeaseState {
  std::atomic<uint32_t> op;        // of the question that is under way, its last 32 bits; 0: none
  std::atomic<uint32_t> askAgainAt;  // not before: Unix time in ms, its last 32 bits
  std::atomic<float> low;          // with less than this in hand, more is asked for
  std::atomic<float> unleased;     // this node's share of what nobody had leased when it last asked

  void clear() {
    set<uint32_t>(op, 0);
    set<uint32_t>(askAgainAt, 0);
    set(low, 0.f);
    set(unleased, 0.f);
  }
};

// `low` and `high` 0: never used. `low` alone 0: someone died while he made it someone's; free.
struct alignas(64) Slot {
  LockWord lock;
  std::atomic<uint64_t> high;
  std::atomic<uint64_t> low;
  // Its last bit says which copy is true. A new state is written to the other one, then this counts on.
  std::atomic<uint64_t> sequence;
  CounterCopy copies[2];
  LeaseState lease;

  const CounterCopy& current() const { return copies[get(sequence) & 1]; }

  bool holds(CounterKey key) const { return get(low) == key.low && get(high) == key.high; }

  Counter read() const {
    const CounterCopy& from = current();
    return {get(from.value), get(from.previous), get(from.atMs), get(from.freeAtMs)};
  }

  void write(const Counter& counter, uint64_t op) {
    const uint64_t next = get(sequence) + 1;
    CounterCopy& to = copies[next & 1];
    set(to.value, counter.value);
    set(to.previous, counter.previous);
    set(to.atMs, counter.atMs);
    set(to.freeAtMs, counter.freeAtMs);
    set(to.lastOp, op);
    crashBarrier();
    set(sequence, next);
    crashBarrier();
  }

  void assign(CounterKey key, const Counter& counter) {
    set<uint64_t>(low, 0);
    crashBarrier();
    write(counter, 0);
    lease.clear();
    set(high, key.high);
    crashBarrier();
    set(low, key.low);
    crashBarrier();
  }
};

// kPending, kSettling: the update of the slot is under way. It happened if the slot's `lastOp` is the entry's `op`.
enum class EntryState : uint32_t { kFree, kPending, kHeld, kSettling };

// A reservation of tokens or cost that is not settled. Changes only while the slot is locked.
struct alignas(64) LedgerEntry {
  std::atomic<EntryState> state;
  std::atomic<uint32_t> slot;
  std::atomic<uint64_t> high;
  std::atomic<uint64_t> low;
  std::atomic<uint64_t> op;
  std::atomic<double> amount;
  std::atomic<double> windowEndMs;
  std::atomic<double> windowMs;
  std::atomic<Algorithm> algorithm;

  bool isUnderWay() const { return get(state) == EntryState::kPending || get(state) == EntryState::kSettling; }

  // Its worker died, or the slot's lock was taken from it, in the middle of an update.
  void resolve(const Slot& slot) {
    if (!isUnderWay()) return;
    const bool happened = get(slot.current().lastOp) == get(op);
    const bool holds = (get(state) == EntryState::kPending) == happened;
    set(state, holds ? EntryState::kHeld : EntryState::kFree);
  }
};

static_assert(std::atomic<double>::is_always_lock_free && std::atomic<uint64_t>::is_always_lock_free);
static_assert(sizeof(Slot) == 128 && sizeof(ClusterRecord) == 64 && sizeof(LedgerEntry) == 64 && sizeof(WorkerRecord) == 64 && sizeof(Stripe) == 64);

constexpr size_t kClusterAt = 2048;
constexpr size_t kStripesAt = 4096;
constexpr size_t kWorkersAt = kStripesAt + sizeof(Stripe) * kStripes;
constexpr size_t kSlotsAt = kWorkersAt + sizeof(WorkerRecord) * kWorkers;
constexpr size_t kLedgerBytes = sizeof(LedgerEntry) * kLedgerEntries;

constexpr size_t ledgerAt(uint32_t slotCount, uint32_t worker) {
  return kSlotsAt + sizeof(Slot) * slotCount + kLedgerBytes * worker;
}

}  // namespace tidegate::limits
