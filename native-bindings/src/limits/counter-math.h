// What a counter is and how calls change it: pure functions, the same arithmetic as
// src/data-plane/limits/worker-limit-store.ts where both have an algorithm.
//
// Times come from calls, and a call may come late: another one with a later time was first. A counter's own time never
// goes back for it, so that nothing is gained or forgotten twice.
#pragma once

#include <algorithm>
#include <cmath>

#include "limits/shared-limits.h"

namespace tidegate::limits {

struct Counter {
  double value = 0;     // windows: used in the current one. Bucket: what is left; below 0 when it owes.
  double previous = 0;  // sliding window: used in the window before
  double atMs = 0;      // windows: end of the current one. Bucket: when `value` was true.
  double freeAtMs = 0;  // from then on the counter is as good as none
};

// A segment outlives a clock that was wrong. A counter this far in the future (or more than its own window) is not one
// that a late call meets, but one from before the clock was set back.
constexpr double kClockJumpMs = 3600e3;

// A node's part of a bucket is kept this long after its use, beyond the bucket's own window.
constexpr double kLeaseKeptMs = 60e3;

inline bool isBucket(Algorithm algorithm) { return algorithm >= Algorithm::kTokenBucket; }

inline double windowEndOf(const LimitSpec& limit, double nowMs) {
  return (std::floor(nowMs / limit.windowMs) + 1) * limit.windowMs;
}

inline bool sameWindow(const LimitSpec& limit, double endMs, double otherEndMs) {
  return std::fabs(endMs - otherEndMs) < limit.windowMs / 2;
}

inline double msToGain(const LimitSpec& limit, double amount) {
  return std::max(0.0, std::ceil((amount * limit.windowMs) / limit.amount));
}

inline bool fits(const LimitSpec& limit, double left, double amount) {
  return limit.unit == Unit::kRequests ? left >= amount : left > 0;
}

inline Counter freshCounter(const LimitSpec& limit, double nowMs) {
  Counter counter;
  if (limit.algorithm == Algorithm::kTokenBucket) {
    counter.value = limit.amount;
    counter.atMs = nowMs;
    counter.freeAtMs = nowMs;
  } else if (limit.algorithm == Algorithm::kLeasedBucket) {
    counter.atMs = nowMs;
    counter.freeAtMs = nowMs + limit.windowMs + kLeaseKeptMs;
  } else {
    counter.atMs = windowEndOf(limit, nowMs);
    counter.freeAtMs = counter.atMs + (limit.algorithm == Algorithm::kSlidingWindow ? limit.windowMs : 0);
  }
  return counter;
}

// --- Token bucket

inline void refill(const LimitSpec& limit, Counter& bucket, double nowMs) {
  if (bucket.atMs - nowMs > std::max(limit.windowMs, kClockJumpMs)) bucket.atMs = nowMs;
  const double gained = ((nowMs - bucket.atMs) * limit.amount) / limit.windowMs;
  bucket.value = std::min(limit.amount, bucket.value + std::max(0.0, gained));
  bucket.atMs = std::max(bucket.atMs, nowMs);
}

inline Decision reserveFromBucket(const LimitSpec& limit, Counter& bucket, double amount, double nowMs) {
  refill(limit, bucket, nowMs);
  Decision decision;
  const double lateMs = bucket.atMs - nowMs;
  decision.allowed = fits(limit, bucket.value, amount);
  if (decision.allowed) {
    bucket.value -= amount;
  } else {
    const double wanted = limit.unit == Unit::kRequests ? amount : std::min(1.0, limit.amount);
    decision.retryAfterMs = lateMs + msToGain(limit, wanted - bucket.value);
  }
  bucket.freeAtMs = bucket.atMs + msToGain(limit, limit.amount - bucket.value);
  decision.remaining = std::max(0.0, bucket.value);
  decision.resetMs = bucket.freeAtMs - nowMs;
  return decision;
}

// --- Windows

inline void rollWindow(const LimitSpec& limit, Counter& window, double nowMs) {
  const double endMs = windowEndOf(limit, nowMs);
  const bool jumped = window.atMs - endMs > std::max(limit.windowMs, kClockJumpMs);
  if (nowMs < window.atMs && !jumped) return;
  const bool isNext = !jumped && sameWindow(limit, endMs, window.atMs + limit.windowMs);
  const double before = window.value;
  window = freshCounter(limit, nowMs);
  if (isNext && limit.algorithm == Algorithm::kSlidingWindow) window.previous = before;
}

inline Decision reserveFromFixedWindow(const LimitSpec& limit, Counter& window, double amount, double nowMs) {
  rollWindow(limit, window, nowMs);
  Decision decision;
  decision.allowed = fits(limit, limit.amount - window.value, amount);
  if (decision.allowed) window.value += amount;
  decision.remaining = std::max(0.0, limit.amount - window.value);
  decision.resetMs = window.atMs - nowMs;
  decision.retryAfterMs = decision.allowed ? 0 : decision.resetMs;
  return decision;
}

// Used in the `windowMs` before `atMs`, if nothing more is used until then.
inline double usedInSlidingWindow(const LimitSpec& limit, const Counter& window, double atMs) {
  if (atMs < window.atMs) {
    return window.value + window.previous * std::min(1.0, (window.atMs - atMs) / limit.windowMs);
  }
  return window.value * std::max(0.0, (window.atMs + limit.windowMs - atMs) / limit.windowMs);
}

// Milliseconds, at least 1, until a reservation that does not fit now does.
inline double slidingRetryAfterMs(const LimitSpec& limit, const Counter& window, double amount, double nowMs) {
  const double target = limit.unit == Unit::kRequests ? limit.amount - amount : limit.amount;
  const double endMs = window.atMs + limit.windowMs;
  if (target < 0) return std::max(1.0, endMs - nowMs);  // more than the limit: never fits
  const auto fitsAfter = [&](double waitMs) {
    return fits(limit, limit.amount - usedInSlidingWindow(limit, window, nowMs + waitMs), amount);
  };
  double atMs = endMs;
  if (window.value <= target && window.previous > 0) {
    atMs = window.atMs - (target - window.value) * limit.windowMs / window.previous;
  } else if (window.value > 0) {
    atMs = endMs - target * limit.windowMs / window.value;
  }
  double waitMs = std::max(1.0, std::ceil(atMs - nowMs));
  // The division rounds: the true millisecond may be a neighbour.
  for (int i = 0; i < 3 && !fitsAfter(waitMs); ++i) waitMs += 1;
  for (int i = 0; i < 3 && waitMs > 1 && fitsAfter(waitMs - 1); ++i) waitMs -= 1;
  return waitMs;
}

inline Decision reserveFromSlidingWindow(const LimitSpec& limit, Counter& window, double amount, double nowMs) {
  rollWindow(limit, window, nowMs);
  Decision decision;
  decision.allowed = fits(limit, limit.amount - usedInSlidingWindow(limit, window, nowMs), amount);
  if (decision.allowed) {
    window.value += amount;
  } else {
    decision.retryAfterMs = slidingRetryAfterMs(limit, window, amount, nowMs);
  }
  decision.remaining = std::max(0.0, limit.amount - usedInSlidingWindow(limit, window, nowMs));
  // Until all of it has slid out.
  decision.resetMs = window.value > 0      ? window.atMs + limit.windowMs - nowMs
                     : window.previous > 0 ? window.atMs - nowMs
                                           : 0;
  return decision;
}

// --- Both

inline Decision reserveFrom(const LimitSpec& limit, Counter& counter, double amount, double nowMs) {
  switch (limit.algorithm) {
    case Algorithm::kFixedWindow:
      return reserveFromFixedWindow(limit, counter, amount, nowMs);
    case Algorithm::kSlidingWindow:
      return reserveFromSlidingWindow(limit, counter, amount, nowMs);
    case Algorithm::kTokenBucket:
      return reserveFromBucket(limit, counter, amount, nowMs);
    case Algorithm::kLeasedBucket:
      break;  // see lease-math.h
  }
  return {};
}

// Corrects what was used in the window that ends at `windowEndMs` from `reserved` to `used`. A window that is over
// takes what it owes with it.
inline void correctWindow(Algorithm algorithm, double windowMs, Counter& window, double reserved, double used,
                          double windowEndMs) {
  const auto ends = [&](double endMs) { return std::fabs(endMs - windowEndMs) < windowMs / 2; };
  if (ends(window.atMs)) {
    window.value = std::max(0.0, window.value + used - reserved);
  } else if (algorithm == Algorithm::kSlidingWindow && ends(window.atMs - windowMs)) {
    window.previous = std::max(0.0, window.previous + used - reserved);
  }
}

inline void settleIn(const LimitSpec& limit, Counter& counter, double reserved, double used, double windowEndMs,
                     double nowMs) {
  if (limit.algorithm == Algorithm::kLeasedBucket) {
    counter.value += used - reserved;
    return;
  }
  if (limit.algorithm != Algorithm::kTokenBucket) {
    correctWindow(limit.algorithm, limit.windowMs, counter, reserved, used, windowEndMs);
    return;
  }
  refill(limit, counter, nowMs);
  counter.value = std::min(limit.amount, counter.value + reserved - used);
  counter.freeAtMs = counter.atMs + msToGain(limit, limit.amount - counter.value);
}

}  // namespace tidegate::limits
