// What a call reserves of limits, and what it settles.
#include "governed-call.h"

#include <algorithm>
#include <cmath>

#include "../net/clock.h"
#include "field-text.h"

namespace tidegate::governor {

namespace {

constexpr double kBytesPerToken = 4;

}  // namespace

bool GovernedCall::reserve(const Limit& limit, const std::string& serviceId, bool ofSubscription) {
  if (limit.spec.unit != limits::Unit::kRequests && !route_->ai) return true;
  if (reservationCount_ == kMaxLimits) return false;
  limits::CounterKey key = limit.key;
  if (!limit.hasKey) {
    std::string& name = governor_.key_;
    name.clear();
    if (ofSubscription) {
      // As in src/data-plane/pipeline/subscriptions.ts.
      name.append("subscription ").append(application_->id).append(" ").append(serviceId);
    }
    name.append(limit.keyPrefix);
    if (limit.subject == LimitSubject::kService) name.append(serviceId);
    else if (limit.subject == LimitSubject::kApplication && application_ != nullptr)
      name.append(application_->id);
    else name.append(clientAddress_);
    key = limits::counterKeyOf(name);
  }
  double amount = 1;
  if (limit.spec.unit == limits::Unit::kTokens) {
    // What is announced: of a chunked body, nothing.
    const http::RequestHead& head = exchange_->head();
    amount = std::ceil(static_cast<double>(head.chunked ? 0 : head.contentLength) / kBytesPerToken);
  } else if (limit.spec.unit == limits::Unit::kCost) {
    amount = 0;
  }
  const limits::Decision decision = governor_.limits_->reserve(limit.spec, key, amount, exchange_->startedAtMs, true);
  // Also where more has to be leased from the cluster: the stages ask.
  if (!decision.allowed) return false;
  reservations_[reservationCount_++] = {&limit, key, amount, decision.ledger};
  Tightest* tightest = limit.spec.unit == limits::Unit::kRequests ? &tightestRequests_
                       : limit.spec.unit == limits::Unit::kTokens ? &tightestTokens_
                                                                  : nullptr;
  if (tightest != nullptr && (tightest->limit == nullptr || decision.remaining < tightest->remaining)) {
    *tightest = {&limit, decision.remaining, decision.resetMs};
  }
  return true;
}

bool GovernedCall::admit() {
  const Service& service = generation_->services[route_->service];
  bool allowed = true;
  if (application_ != nullptr) {
    for (const Limit& limit : application_->limits) {
      allowed = allowed && reserve(limit, service.id);
    }
  }
  if (subscription_ != nullptr) {
    for (const Limit& limit : generation_->subscriptionLimits[subscription_->limits]) {
      allowed = allowed && reserve(limit, service.id, true);
    }
  }
  for (const Limit& limit : service.limits) allowed = allowed && reserve(limit, service.id);
  if (allowed) return true;
  // JavaScript refuses, and says why; nothing may be counted twice.
  unreserve();
  return false;
}

void GovernedCall::unreserve() {
  if (governor_.limits_ == nullptr) reservationCount_ = 0;
  const double nowMs = net::unixMs();
  for (uint8_t i = 0; i < reservationCount_; i++) {
    const Reservation& one = reservations_[i];
    governor_.limits_->settle(one.limit->spec, one.key, one.amount, 0, exchange_->startedAtMs, nowMs, one.ledger);
  }
  reservationCount_ = 0;
}

void GovernedCall::settle() {
  const double nowMs = net::unixMs();
  // Without counters: they are given back before the last calls are cut.
  if (governor_.limits_ == nullptr) reservationCount_ = 0;
  for (uint8_t i = 0; i < reservationCount_; i++) {
    const Reservation& one = reservations_[i];
    if (one.limit->spec.unit == limits::Unit::kRequests) continue;
    double used;
    if (one.limit->spec.unit == limits::Unit::kTokens) {
      // An answer that broke off before it told its usage has used something: the estimate stands.
      if (usage_.told()) used = std::max(0.0, usage_.inputTokens) + std::max(0.0, usage_.outputTokens);
      else used = plan_ != nullptr && plan_->stream && committed_ ? one.amount : 0;
    } else {
      used = std::max(0.0, costUsd_);
    }
    governor_.limits_->settle(one.limit->spec, one.key, one.amount, used, exchange_->startedAtMs, nowMs, one.ledger);
  }
  reservationCount_ = 0;
}

void GovernedCall::appendRateLimits(std::string& fields) const {
  const auto append = [&fields](const Tightest& tightest, std::string_view unit) {
    if (tightest.limit == nullptr) return;
    const auto line = [&](std::string_view name, double number) {
      fields.append(name).append(unit).append(": ");
      appendNumber(fields, number);
      fields.append("\r\n");
    };
    line("x-ratelimit-limit-", tightest.limit->spec.amount);
    line("x-ratelimit-remaining-", std::floor(std::max(0.0, tightest.remaining)));
    line("x-ratelimit-reset-", std::ceil(tightest.resetMs / 1000));
  };
  append(tightestRequests_, "requests");
  append(tightestTokens_, "tokens");
}

}  // namespace tidegate::governor
