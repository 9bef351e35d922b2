#include "limits/shared-limits.h"

#include <sched.h>

#include <utility>

#include "limits/counter-key.h"
#include "limits/lease-math.h"
#include "limits/shared-limits-state.h"

namespace tidegate::limits {

namespace {

constexpr uint32_t kEntryBits = 12;
static_assert(kLedgerEntries == 1u << kEntryBits);

// Waiting for a lock: spin, then give way, then look whether who holds it lives, then sleep in between, then give up.
constexpr uint32_t kSpins = 200;
constexpr uint32_t kYieldsPerLook = 32;
constexpr double kSleepAfterMs = 20;
constexpr double kGiveUpAfterMs = 1000;

void pauseProcessor() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

uint32_t roundUp(uint32_t slots) {
  uint32_t power = kMinSlots;
  while (power < slots) power *= 2;
  return power;
}

}  // namespace

CounterKey counterKeyOf(std::string_view name) {
  CounterKey key = Murmur3::hash(name);
  if (key.high == 0) key.high = 1;
  if (key.low == 0) key.low = 1;
  return key;
}

// --- Joining and leaving

bool SharedLimits::State::join(uint32_t worker, std::string* error) {
  if (worker == kAnyWorker) {
    worker = 0;
    while (worker < kWorkers && !file_.tryTakeWorker(worker)) ++worker;
    if (worker == kWorkers) {
      *error = "all " + std::to_string(kWorkers) + " places for processes that share counters are taken";
      return false;
    }
  } else if (worker >= kWorkers) {
    *error = "a worker number for shared counters is 0 to " + std::to_string(kWorkers - 1);
    return false;
  } else if (!file_.tryTakeWorker(worker)) {
    *error = "worker number " + std::to_string(worker) + " of the shared counters is taken by process " +
             std::to_string(get(workers_[worker].pid)) + ": give each process its own";
    return false;
  }
  if (!file_.allocateLedger(worker, error)) return false;
  worker_ = worker;
  ledger_ = ledgerOf(worker);
  WorkerRecord& record = workers_[worker];
  // From here on, locks of processes that had this number before are known to be dead ones'.
  const uint32_t generation = record.generation.fetch_add(1, std::memory_order_acq_rel) + 1;
  token_ = uint64_t{generation} << 32 | (worker + 1);
  opPrefix_ = opPrefixOf(worker, generation);
  set(record.pid, static_cast<uint32_t>(getpid()));
  for (uint32_t index = 0; index < kLedgerEntries; ++index) {
    bool done = true;
    giveBack(ledger_[index], worker, index, &done);
    if (!done) {
      *error = "a counter is kept locked by a process that does not get on: look for one that is stopped";
      return false;
    }
  }
  set(record.inFlight, kNoLedger);
  set<uint32_t>(record.registered, 1);
  for (uint32_t other = 0; other < kWorkers; ++other) {
    if (other != worker && get(workers_[other].registered) != 0) reclaim(other);
  }
  return true;
}

uint32_t SharedLimits::State::reclaim(uint32_t worker) {
  if (worker >= kWorkers || worker == worker_ || get(workers_[worker].registered) == 0) return 0;
  // As long as we have its number, no new process gets it and nobody else reclaims it.
  if (!file_.tryTakeWorker(worker)) return 0;
  uint32_t count = 0;
  if (get(workers_[worker].registered) != 0) {
    workers_[worker].generation.fetch_add(1, std::memory_order_acq_rel);
    bool done = true;
    if (file_.hasLedger(worker)) {
      LedgerEntry* ledger = ledgerOf(worker);
      for (uint32_t index = 0; index < kLedgerEntries; ++index) {
        if (giveBack(ledger[index], worker, index, &done)) ++count;
      }
    }
    if (done) set<uint32_t>(workers_[worker].registered, 0);
  }
  file_.leaveWorker(worker);
  return count;
}

// Sets `done` to false when a live process keeps the counter: the entry stays for the next try.
bool SharedLimits::State::giveBack(LedgerEntry& entry, uint32_t worker, uint32_t index, bool* done) {
  if (get(entry.state) == EntryState::kFree) return false;
  const uint32_t at = get(entry.slot);
  if (at >= slotCount_) {
    set(entry.state, EntryState::kFree);
    return false;
  }
  Slot& slot = slots_[at];
  if (!acquire(slot.lock, at)) {
    *done = false;
    return false;
  }
  entry.resolve(slot);
  bool given = false;
  if (get(entry.state) == EntryState::kHeld) {
    given = true;
    // A counter that is over, and whose slot serves another key, has nothing to take back.
    if (slot.holds({get(entry.high), get(entry.low)})) {
      const uint64_t op = begin(entry, worker, index, EntryState::kSettling);
      Counter counter = slot.read();
      if (get(entry.algorithm) == Algorithm::kTokenBucket) {
        counter.value += get(entry.amount);  // the next refill caps it
      } else if (get(entry.algorithm) == Algorithm::kLeasedBucket) {
        counter.value -= get(entry.amount);
      } else {
        correctWindow(get(entry.algorithm), get(entry.windowMs), counter, get(entry.amount), 0, get(entry.windowEndMs));
      }
      slot.write(counter, op);
    }
    set(entry.state, EntryState::kFree);
  }
  release(slot.lock);
  return given;
}

// Notes what is about to happen, so that whoever takes the slot's lock from us, dead, can tell whether it did.
uint64_t SharedLimits::State::begin(LedgerEntry& entry, uint32_t worker, uint32_t index, EntryState state) {
  const uint64_t op = nextOp();
  set(entry.op, op);
  crashBarrier();
  set(entry.state, state);
  set(workers_[worker_].inFlight, worker << kEntryBits | index);
  crashBarrier();
  return op;
}

// --- Locks

bool SharedLimits::State::acquireContended(LockWord& lock, uint32_t slot) {
  double startedAtMs = 0;
  for (uint32_t round = 0;; ++round) {
    uint64_t holder = get(lock);
    if (holder == 0) {
      if (lock.compare_exchange_weak(holder, token_, std::memory_order_acquire, std::memory_order_relaxed)) return true;
      continue;
    }
    if (round < kSpins) {
      pauseProcessor();
      continue;
    }
    sched_yield();
    if (round % kYieldsPerLook != 0) continue;
    if (isDead(holder)) {
      if (!lock.compare_exchange_strong(holder, token_, std::memory_order_acquire, std::memory_order_relaxed)) continue;
      ++stats_.takeovers;
      if (slot != kNoSlot) resolveInFlight(holder, slot);
      return true;
    }
    const double nowMs = monotonicMs();
    if (startedAtMs == 0) startedAtMs = nowMs;
    if (nowMs - startedAtMs > kGiveUpAfterMs) {
      ++stats_.busy;
      return false;
    }
    if (nowMs - startedAtMs > kSleepAfterMs) sleepMicroseconds(100);
  }
}

bool SharedLimits::State::isDead(uint64_t holder) const {
  const uint32_t worker = static_cast<uint32_t>(holder & 0xffffffff) - 1;
  if (worker >= kWorkers) return true;  // no lock word of ours: the file was damaged
  if (workers_[worker].generation.load(std::memory_order_acquire) != holder >> 32) return true;
  return worker != worker_ && !file_.isWorkerTaken(worker);
}

// We took the lock of `slot` from `holder`: finishes what it was doing with a ledger entry, before the slot changes.
void SharedLimits::State::resolveInFlight(uint64_t holder, uint32_t slot) {
  const uint32_t worker = static_cast<uint32_t>(holder & 0xffffffff) - 1;
  if (worker >= kWorkers) return;
  const uint32_t inFlight = get(workers_[worker].inFlight);
  const uint32_t owner = inFlight >> kEntryBits;
  if (owner >= kWorkers || !file_.hasLedger(owner)) return;
  LedgerEntry& entry = ledgerOf(owner)[inFlight & (kLedgerEntries - 1)];
  const uint64_t prefix = opPrefixOf(worker, static_cast<uint32_t>(holder >> 32));
  if (get(entry.slot) == slot && (get(entry.op) >> 32) == prefix >> 32) entry.resolve(slots_[slot]);
}

// --- Slots

uint32_t SharedLimits::State::find(CounterKey key) const {
  for (uint32_t i = 0; i < kProbes; ++i) {
    const uint32_t at = probe(key, i);
    if (slots_[at].holds(key)) return at;
    // Keys are put into the first slot that is free, and a slot that was used never becomes unused.
    if (get(slots_[at].low) == 0 && get(slots_[at].high) == 0) return kNoSlot;
  }
  return kNoSlot;
}

// Locks the key's slot. With `insert`, one is given to it when it has none.
SharedLimits::State::Place SharedLimits::State::lockCounter(CounterKey key, const LimitSpec* insert, double nowMs,
                                                            uint32_t hint) {
  const uint32_t at = hint != kNoSlot && slots_[hint].holds(key) ? hint : find(key);
  if (at != kNoSlot) {
    if (!acquire(slots_[at].lock, at)) return {Found::kBusy, kNoSlot};
    if (slots_[at].holds(key)) return {Found::kLocked, at};
    release(slots_[at].lock);  // it became another key's meanwhile
  }
  if (insert == nullptr) return {Found::kMissing, kNoSlot};
  // One process at a time looks for a place for this key, so that it never gets two.
  LockWord& stripe = stripes_[(key.low ^ key.high) % kStripes].lock;
  if (!acquire(stripe)) return {Found::kBusy, kNoSlot};
  const Place place = insertCounter(key, *insert, nowMs);
  release(stripe);
  return place;
}

SharedLimits::State::Place SharedLimits::State::insertCounter(CounterKey key, const LimitSpec& limit, double nowMs) {
  const uint32_t known = find(key);
  if (known != kNoSlot) {
    if (!acquire(slots_[known].lock, known)) return {Found::kBusy, kNoSlot};
    if (slots_[known].holds(key)) return {Found::kLocked, known};
    release(slots_[known].lock);
  }
  for (uint32_t i = 0; i < kProbes; ++i) {
    const uint32_t at = probe(key, i);
    Slot& slot = slots_[at];
    if (!isFree(slot, nowMs)) continue;
    // Giving up here rather than going on keeps `find` right: it ends at the first unused slot.
    if (!acquire(slot.lock, at)) return {Found::kBusy, kNoSlot};
    if (isFree(slot, nowMs)) {
      slot.assign(key, freshCounter(limit, nowMs));
      return {Found::kLocked, at};
    }
    release(slot.lock);
  }
  ++stats_.full;
  return {Found::kFull, kNoSlot};
}

uint32_t SharedLimits::State::slotsUsed(double nowMs) const {
  uint32_t used = 0;
  for (uint32_t at = 0; at < slotCount_; ++at) {
    if (get(slots_[at].low) != 0 && get(slots_[at].current().freeAtMs) > nowMs) ++used;
  }
  return used;
}

// --- Calls

namespace {

bool isTracked(const LimitSpec& limit, double amount) { return limit.unit != Unit::kRequests && amount > 0; }

}  // namespace

Decision SharedLimits::State::reserve(const LimitSpec& asked, CounterKey key, double amount, double nowMs,
                                      bool passesOnLow) {
  const bool leased = isLeased(asked);
  const LimitSpec limit = leased ? leasedSpec(asked) : asked;
  key = keyFor(limit.algorithm, key);
  Decision decision;
  const Place place = lockCounter(key, &limit, nowMs);
  if (place.found != Found::kLocked) {
    decision.full = place.found == Found::kFull;
    decision.busy = place.found == Found::kBusy;
    return decision;
  }
  Slot& slot = slots_[place.slot];
  Counter counter = slot.read();
  if (leased) {
    decision = reserveFromLease(limit, counter, slot.lease, amount, nowMs);
    if (decision.low && passesOnLow) {
      release(slot.lock);
      decision.allowed = false;
      return decision;
    }
  } else {
    decision = reserveFrom(limit, counter, amount, nowMs);
  }
  if (decision.allowed && isTracked(limit, amount)) {
    decision.ledger = index_.peek();
    if (decision.ledger == kNoLedger) ++stats_.untracked;
  }
  if (decision.ledger == kNoLedger) {
    slot.write(counter, 0);
    release(slot.lock);
    return decision;
  }
  LedgerEntry& entry = ledger_[decision.ledger];
  set(entry.slot, place.slot);
  set(entry.high, key.high);
  set(entry.low, key.low);
  set(entry.amount, amount);
  set(entry.windowEndMs, counter.atMs);
  set(entry.windowMs, limit.windowMs);
  set(entry.algorithm, limit.algorithm);
  const uint64_t op = begin(entry, worker_, decision.ledger, EntryState::kPending);
  slot.write(counter, op);
  set(entry.state, EntryState::kHeld);
  release(slot.lock);
  index_.add(key, amount, nowMs);
  return decision;
}

bool SharedLimits::State::settle(const LimitSpec& asked, CounterKey key, double reserved, double used,
                                 double reservedAtMs, double nowMs, uint32_t ledger) {
  const LimitSpec limit = isLeased(asked) ? leasedSpec(asked) : asked;
  key = keyFor(limit.algorithm, key);
  if (!isTracked(limit, reserved)) {
    ledger = kNoLedger;
  } else if (!index_.isOf(ledger, key, reserved, reservedAtMs)) {
    ledger = index_.find(key, reserved, reservedAtMs);
  }
  LedgerEntry* entry = ledger == kNoLedger ? nullptr : &ledger_[ledger];
  // A bucket that has no slot is a full one. It gets one when the call used more than it had reserved.
  const bool owes = isBucket(limit.algorithm) && used > reserved;
  const Place place =
      lockCounter(key, owes ? &limit : nullptr, nowMs, entry == nullptr ? kNoSlot : get(entry->slot));
  // Its entry stays: nobody has the slot's lock but who keeps us waiting.
  if (place.found == Found::kBusy) return false;
  if (place.found != Found::kLocked) {
    if (entry != nullptr) {
      set(entry->state, EntryState::kFree);
      index_.remove(ledger);
    }
    return place.found == Found::kMissing;
  }
  Slot& slot = slots_[place.slot];
  uint64_t op = 0;
  double windowEndMs = windowEndOf(limit, reservedAtMs);
  if (entry != nullptr) {
    windowEndMs = get(entry->windowEndMs);
    // Else the slot was given away and the key has another one since: the entry's is no longer this counter's.
    if (get(entry->slot) == place.slot) {
      op = begin(*entry, worker_, ledger, EntryState::kSettling);
    } else {
      set(entry->state, EntryState::kFree);
    }
  }
  Counter counter = slot.read();
  settleIn(limit, counter, reserved, used, windowEndMs, nowMs);
  slot.write(counter, op);
  if (entry != nullptr) set(entry->state, EntryState::kFree);
  release(slot.lock);
  if (entry != nullptr) index_.remove(ledger);
  return true;
}

// --- The public face

std::unique_ptr<SharedLimits> SharedLimits::open(const std::string& path, uint32_t slots, uint32_t worker,
                                                 std::string* error) {
  if (slots < kMinSlots || slots > kMaxSlots) {
    *error = "`limits.slots` is " + std::to_string(kMinSlots) + " to " + std::to_string(kMaxSlots);
    return nullptr;
  }
  const uint32_t slotCount = roundUp(slots);
  SegmentFile file;
  if (!file.open(path, slotCount, error)) return nullptr;
  auto state = std::make_unique<State>(std::move(file), slotCount);
  if (!state->join(worker, error)) return nullptr;
  return std::unique_ptr<SharedLimits>(new SharedLimits(std::move(state)));
}

SharedLimits::SharedLimits(std::unique_ptr<State> state) : state_(std::move(state)) {}
SharedLimits::~SharedLimits() = default;

void SharedLimits::prefetch(CounterKey key) const { state_->prefetch(key); }

Decision SharedLimits::reserve(const LimitSpec& limit, CounterKey key, double amount, double nowMs,
                               bool passesOnLow) {
  return state_->reserve(limit, key, amount, nowMs, passesOnLow);
}

bool SharedLimits::settle(const LimitSpec& limit, CounterKey key, double reserved, double used, double reservedAtMs,
                          double nowMs, uint32_t ledger) {
  return state_->settle(limit, key, reserved, used, reservedAtMs, nowMs, ledger);
}

void SharedLimits::setLeasing(bool isOn, bool byDefault) { state_->setLeasing(isOn, byDefault); }

Claim SharedLimits::beginLease(const LimitSpec& limit, CounterKey key, double keep, bool wanted, double nowMs,
                   double answerByMs) {
  return state_->beginLease(limit, key, keep, wanted, nowMs, answerByMs);
}

bool SharedLimits::endLease(const LimitSpec& limit, CounterKey key, const Claim& claim, double granted,
                            double unleased, double nowMs, double askAgainMs) {
  return state_->endLease(limit, key, claim, granted, unleased, nowMs, askAgainMs);
}

bool SharedLimits::takeShare(const LimitSpec& limit, CounterKey key, double nodes, double nowMs, double askAgainMs) {
  return state_->takeShare(limit, key, nodes, nowMs, askAgainMs);
}

std::vector<LeasedWindow> SharedLimits::claimWindows(uint32_t* cursor, size_t most, double nowMs, double answerByMs) {
  return state_->claimWindows(cursor, most, nowMs, answerByMs);
}

Holding SharedLimits::look(const LimitSpec& limit, CounterKey key, double nowMs) {
  return state_->look(limit, key, nowMs);
}

NodeRecord SharedLimits::node() const {
  const ClusterRecord& record = state_->cluster();
  return {get(record.nodeId), get(record.redisRun), get(record.nodes)};
}

void SharedLimits::noteCluster(uint64_t redisRun, uint32_t nodes) {
  ClusterRecord& record = state_->cluster();
  set(record.redisRun, redisRun);
  set(record.nodes, nodes);
}

uint64_t SharedLimits::claimNodeId(uint64_t current, uint64_t wanted) {
  std::atomic<uint64_t>& id = state_->cluster().nodeId;
  return id.compare_exchange_strong(current, wanted) ? wanted : current;
}

uint32_t SharedLimits::reclaim(uint32_t worker) { return state_->reclaim(worker); }
uint32_t SharedLimits::slotsUsed(double nowMs) const { return state_->slotsUsed(nowMs); }
uint32_t SharedLimits::slotCount() const { return state_->slotCount(); }
uint32_t SharedLimits::worker() const { return state_->worker(); }
const SharedLimitsStats& SharedLimits::stats() const { return state_->stats(); }

}  // namespace tidegate::limits
