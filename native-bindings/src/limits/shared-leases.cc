// The part of the counters that deals with leases from the cluster. See lease-math.h for the arithmetic.
#include "limits/lease-math.h"
#include "limits/shared-limits-state.h"

namespace tidegate::limits {

void SharedLimits::State::setLeasing(bool isOn, bool byDefault) {
  leasing_ = isOn;
  leasedByDefault_ = byDefault;
}

Claim SharedLimits::State::beginLease(const LimitSpec& asked, CounterKey key, double keep, bool wanted,
                                      double nowMs, double answerByMs) {
  const LimitSpec limit = leasedSpec(asked);
  Claim claim;
  const Place place = lockCounter(keyFor(limit.algorithm, key), &limit, nowMs);
  if (place.found != Found::kLocked) return claim;
  Slot& slot = slots_[place.slot];
  Counter counter = slot.read();
  rollLease(limit, counter, slot.lease, nowMs);
  if (isUnderWay(slot.lease, nowMs)) {
    claim.state = ClaimState::kUnderWay;
  } else if (wanted && mustWait(slot.lease, nowMs)) {
    claim.state = ClaimState::kTooEarly;
  } else {
    claim = claimSlot(slot, counter, keep, answerByMs);
    if (limit.algorithm == Algorithm::kLeasedBucket) claim.windowEndMs = 0;
  }
  slot.write(counter, 0);
  release(slot.lock);
  return claim;
}

Claim SharedLimits::State::claimSlot(Slot& slot, Counter& counter, double keep, double answerByMs) {
  Claim claim;
  claim.state = ClaimState::kClaimed;
  claim.op = cluster().lastOp.fetch_add(1, std::memory_order_relaxed) + 1;
  claim.windowEndMs = counter.atMs;
  claimLease(counter, keep, &claim);
  set(slot.lease.op, shortOp(claim.op));
  set(slot.lease.askAgainAt, shortTime(answerByMs));
  return claim;
}

std::vector<LeasedWindow> SharedLimits::State::claimWindows(uint32_t* cursor, size_t most, double nowMs,
                                                            double answerByMs) {
  // Only a window that was leased has something there, and an end to come, after which it is as good as none: a sliding window of
  // this node's own is kept longer.
  const auto isLeasedWindow = [nowMs](const Slot& slot) {
    const CounterCopy& current = slot.current();
    return get(slot.low) != 0 && get(current.previous) > 0 && get(current.atMs) > nowMs &&
           get(current.freeAtMs) <= get(current.atMs);
  };
  std::vector<LeasedWindow> found;
  for (; *cursor < slotCount_ && found.size() < most; ++*cursor) {
    Slot& slot = slots_[*cursor];
    if (!isLeasedWindow(slot) || !acquire(slot.lock, *cursor)) continue;
    if (isLeasedWindow(slot) && !isUnderWay(slot.lease, nowMs)) {
      Counter counter = slot.read();
      const Claim claim = claimSlot(slot, counter, counter.previous, answerByMs);
      found.push_back({{get(slot.high), get(slot.low)}, claim});
    }
    release(slot.lock);
  }
  return found;
}

bool SharedLimits::State::endLease(const LimitSpec& asked, CounterKey key, const Claim& claim, double granted,
                                   double unleased, double nowMs, double askAgainMs) {
  const LimitSpec limit = leasedSpec(asked);
  const Place place = lockCounter(keyFor(limit.algorithm, key), nullptr, nowMs);
  if (place.found != Found::kLocked) return false;
  Slot& slot = slots_[place.slot];
  Counter counter = slot.read();
  const bool isOurs = get(slot.lease.op) == shortOp(claim.op) &&
                      (limit.algorithm == Algorithm::kLeasedBucket || counter.atMs == claim.windowEndMs);
  if (isOurs) {
    answerLease(limit, counter, slot.lease, claim, granted, unleased, nowMs);
    slot.write(counter, 0);
    set<uint32_t>(slot.lease.op, 0);
    set(slot.lease.askAgainAt, pauseUntil(nowMs, askAgainMs));
  }
  release(slot.lock);
  return isOurs;
}

bool SharedLimits::State::takeShare(const LimitSpec& asked, CounterKey key, double nodes, double nowMs,
                                    double askAgainMs) {
  const LimitSpec limit = leasedSpec(asked);
  const Place place = lockCounter(keyFor(limit.algorithm, key), &limit, nowMs);
  if (place.found != Found::kLocked) return false;
  Slot& slot = slots_[place.slot];
  Counter counter = slot.read();
  rollLease(limit, counter, slot.lease, nowMs);
  shareLease(limit, counter, slot.lease, nodes, nowMs);
  slot.write(counter, 0);
  // An answer that is still under way comes too late.
  set<uint32_t>(slot.lease.op, 0);
  set(slot.lease.askAgainAt, pauseUntil(nowMs, askAgainMs));
  release(slot.lock);
  return true;
}

Holding SharedLimits::State::look(const LimitSpec& asked, CounterKey key, double nowMs) {
  const LimitSpec limit = leasedSpec(asked);
  Holding holding;
  const Place place = lockCounter(keyFor(limit.algorithm, key), nullptr, nowMs);
  if (place.found != Found::kLocked) return holding;
  Slot& slot = slots_[place.slot];
  const Counter counter = slot.read();
  release(slot.lock);
  holding.known = true;
  holding.used = counter.value;
  holding.held = counter.previous - counter.value;
  holding.windowEndMs = limit.algorithm == Algorithm::kLeasedBucket ? 0 : counter.atMs;
  return holding;
}

}  // namespace tidegate::limits
