// How calls use what a node has leased, and how answers from the cluster change it: pure functions.
//
// A counter of a leased limit has used `value` of `previous`, the most that it may use: in hand is the difference. Of windows both
// count from the window's begin, of buckets from the last answer. `value` goes above `previous` when calls used more than they had
// reserved: the next question says so.
#pragma once

#include <algorithm>
#include <cmath>

#include "limits/counter-math.h"
#include "limits/segment.h"

namespace tidegate::limits {

// A node asks for more when this much of what it had is left; of less than kFewest, only when it is used up.
constexpr double kLowShare = 0.5;
constexpr double kFewest = 4;
// Times are compared by their last 32 bits: one further ahead than any answer says is an old one.
constexpr int32_t kLongestPauseMs = 60'000;

inline LimitSpec leasedSpec(const LimitSpec& limit) {
  LimitSpec leased = limit;
  leased.slides = limit.algorithm == Algorithm::kSlidingWindow;
  leased.algorithm = isBucket(limit.algorithm) ? Algorithm::kLeasedBucket : Algorithm::kFixedWindow;
  return leased;
}

inline uint32_t shortOp(uint64_t op) {
  const auto last = static_cast<uint32_t>(op);
  return last == 0 ? 1 : last;
}

inline uint32_t shortTime(double ms) { return static_cast<uint32_t>(static_cast<uint64_t>(std::max(0.0, ms))); }

// Calls are of the time at which they began: without a pause no time is noted, for that of an older call would come before it.
inline uint32_t pauseUntil(double nowMs, double pauseMs) { return pauseMs > 0 ? shortTime(nowMs + pauseMs) : 0; }

inline bool mustWait(const LeaseState& lease, double nowMs) {
  if (get(lease.askAgainAt) == 0) return false;
  const auto aheadMs = static_cast<int32_t>(get(lease.askAgainAt) - shortTime(nowMs));
  return aheadMs > 0 && aheadMs <= kLongestPauseMs;
}

inline bool isUnderWay(const LeaseState& lease, double nowMs) { return get(lease.op) != 0 && mustWait(lease, nowMs); }

// Rounded down: it is shown to callers, and must not promise more than there is.
inline float roundedDown(double number) {
  const auto rounded = static_cast<float>(number);
  return static_cast<double>(rounded) <= number ? rounded : std::nextafter(rounded, 0.f);
}

// A window that has begun anew has leased nothing.
inline void rollLease(const LimitSpec& limit, Counter& counter, LeaseState& lease, double nowMs) {
  if (limit.algorithm == Algorithm::kLeasedBucket) {
    counter.freeAtMs = std::max(counter.freeAtMs, nowMs + limit.windowMs + kLeaseKeptMs);
    return;
  }
  const double endMs = counter.atMs;
  rollWindow(limit, counter, nowMs);
  if (counter.atMs != endMs) lease.clear();
}

// Where nothing is left of a sliding window, `unleased` says when something is, by the milliseconds since the window began, below 0.
inline double freeAtMsOf(const LimitSpec& limit, const Counter& counter, const LeaseState& lease) {
  const double unleased = get(lease.unleased);
  return limit.slides && unleased < 0 ? counter.atMs - limit.windowMs - unleased : counter.atMs;
}

inline Decision reserveFromLease(const LimitSpec& limit, Counter& counter, LeaseState& lease, double amount,
                                 double nowMs) {
  rollLease(limit, counter, lease, nowMs);
  Decision decision;
  const double inHand = counter.previous - counter.value;
  decision.allowed = fits(limit, inHand, amount);
  if (decision.allowed) counter.value += amount;
  const bool waits = mustWait(lease, nowMs);
  if (decision.allowed) decision.low = !waits && inHand - amount < get(lease.low);
  else decision.empty = !waits || get(lease.op) != 0;
  const double left = std::max(0.0, counter.previous - counter.value) + std::max(0.f, get(lease.unleased));
  decision.remaining = std::min(limit.amount, left);
  if (limit.algorithm == Algorithm::kLeasedBucket) {
    decision.resetMs = msToGain(limit, limit.amount - decision.remaining);
    if (!decision.allowed) decision.retryAfterMs = msToGain(limit, std::min(std::max(1.0, amount), limit.amount));
  } else {
    // Of a sliding window, until all of it has slid out.
    decision.resetMs = counter.atMs - nowMs + (limit.slides && counter.value > 0 ? limit.windowMs : 0);
    if (!decision.allowed) decision.retryAfterMs = std::max(1.0, freeAtMsOf(limit, counter, lease) - nowMs);
  }
  return decision;
}

// What is held beyond `keep` is given up before anybody is told, so that nobody uses it meanwhile.
inline void claimLease(Counter& counter, double keep, Claim* claim) {
  counter.previous = std::min(counter.previous, counter.value + keep);
  claim->used = counter.value;
  claim->held = std::max(0.0, counter.previous - counter.value);
}

inline void answerLease(const LimitSpec& limit, Counter& counter, LeaseState& lease, const Claim& claim, double granted,
                        double unleased, double nowMs) {
  // What was used beyond the lease has been told, and is paid.
  counter.previous = std::max(counter.previous, claim.used) + granted;
  if (limit.algorithm == Algorithm::kLeasedBucket) {
    counter.previous -= claim.used;
    counter.value -= claim.used;
    counter.atMs = nowMs;
  }
  const double inHand = counter.previous - counter.value;
  set(lease.low, inHand < (limit.unit == Unit::kRequests ? kFewest : 0) ? 0.f : roundedDown(inHand * kLowShare));
  if (limit.slides && unleased < 0) {
    set(lease.unleased, static_cast<float>(counter.atMs - limit.windowMs - nowMs + unleased));
    return;
  }
  set(lease.unleased, roundedDown(std::max(0.0, limit.unit == Unit::kRequests ? std::floor(unleased) : unleased)));
}

// A limit's share: of a window once, of a bucket as it would fill, of a sliding window as if all of the one before had been used.
inline void shareLease(const LimitSpec& limit, Counter& counter, LeaseState& lease, double nodes, double nowMs) {
  double share = limit.amount / std::max(1.0, nodes);
  if (limit.unit == Unit::kRequests) share = std::max(1.0, std::floor(share));
  if (limit.algorithm == Algorithm::kLeasedBucket) {
    const double inHand = counter.previous - counter.value;
    const double gained = std::max(0.0, nowMs - counter.atMs) * share / limit.windowMs;
    counter.previous += std::max(0.0, std::min(gained, share - inHand));
    counter.atMs = std::max(counter.atMs, nowMs);
  } else {
    if (limit.slides) {
      share *= std::min(1.0, std::max(0.0, (nowMs - counter.atMs + limit.windowMs) / limit.windowMs));
      if (limit.unit == Unit::kRequests) share = std::ceil(share);
    }
    counter.previous = std::max(counter.previous, share);
  }
  set(lease.low, 0.f);
  set(lease.unleased, 0.f);
}

}  // namespace tidegate::limits
