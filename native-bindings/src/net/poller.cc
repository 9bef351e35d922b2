#include "poller.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace tidegate::net {

void FileDescriptor::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

// --- timers ---

Timed::~Timed() { TimerWheel::unlink(this); }

void TimerWheel::unlink(Timed* timed) {
  if (timed->link_ == nullptr) return;
  *timed->link_ = timed->next_;
  if (timed->next_ != nullptr) timed->next_->link_ = timed->link_;
  timed->link_ = nullptr;
  timed->next_ = nullptr;
}

void TimerWheel::insert(Timed* timed, uint64_t atMs) {
  // Never into a bucket that was already passed.
  const uint64_t tick = std::max(atMs / kTickMs + 1, tick_ + 1);
  Timed** head = &buckets_[std::min(tick, tick_ + kBuckets - 1) % kBuckets];
  timed->bucketMs_ = std::min(tick, tick_ + kBuckets - 1) * kTickMs;
  timed->next_ = *head;
  if (timed->next_ != nullptr) timed->next_->link_ = &timed->next_;
  timed->link_ = head;
  *head = timed;
}

void TimerWheel::set(Timed* timed, uint64_t deadlineMs) {
  timed->deadlineMs_ = deadlineMs;
  // A later deadline is found when the bucket of the earlier one comes up.
  if (timed->link_ != nullptr && deadlineMs >= timed->bucketMs_) return;
  unlink(timed);
  insert(timed, deadlineMs);
}

void TimerWheel::clear(Timed* timed) { timed->deadlineMs_ = 0; }

void TimerWheel::advance(uint64_t nowMs) {
  const uint64_t until = nowMs / kTickMs;
  if (until > tick_ + kBuckets) tick_ = until - kBuckets;
  while (tick_ < until) {
    tick_++;
    Timed*& head = buckets_[tick_ % kBuckets];
    while (head != nullptr) {
      Timed* timed = head;
      unlink(timed);
      const uint64_t deadlineMs = timed->deadlineMs_;
      if (deadlineMs == 0) continue;
      if (deadlineMs > nowMs) {
        insert(timed, deadlineMs);
        continue;
      }
      timed->deadlineMs_ = 0;
      timed->onDeadline();
    }
  }
}

bool TimerWheel::skip(uint64_t nowMs) {
  const uint64_t until = nowMs / kTickMs;
  if (until > tick_ + kBuckets) return false;
  for (uint64_t tick = tick_ + 1; tick <= until; tick++) {
    if (buckets_[tick % kBuckets] != nullptr) return false;
  }
  tick_ = std::max(tick_, until);
  return true;
}

// --- the poller ---

struct Poller::Handles {
  uv_poll_t poll;
  uv_timer_t timer;
  uv_prepare_t prepare;
  uv_idle_t dontWait;
  int open = 4;  // handles, and requests under way
  Poller* owner;
  std::vector<std::function<void()>> whenClosed;

  static void closed(uv_handle_t* handle) { static_cast<Handles*>(handle->data)->closedOne(); }

  void closedOne() {
    if (--open > 0) return;
    if (owner != nullptr) owner->closing_ = nullptr;
    for (const auto& closed : whenClosed) closed();
    delete this;
  }
};

std::vector<Poller*>& Poller::pollersOn(uv_loop_t* loop) {
  // A loop belongs to one thread.
  thread_local std::vector<std::pair<uv_loop_t*, std::vector<Poller*>>> all;
  for (auto& [one, pollers] : all) {
    if (one == loop) return pollers;
  }
  return all.emplace_back(loop, std::vector<Poller*>()).second;
}

Poller::Poller(uv_loop_t* loop, Turns* turns) : loop_(loop), turns_(turns), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  handles_ = new Handles;
  handles_->owner = this;
  uv_poll_init(loop, &handles_->poll, epoll_.get());
  uv_timer_init(loop, &handles_->timer);
  uv_prepare_init(loop, &handles_->prepare);
  uv_idle_init(loop, &handles_->dontWait);
  handles_->poll.data = this;
  handles_->timer.data = this;
  handles_->prepare.data = this;
  uv_prepare_start(&handles_->prepare, onPrepare);
  uv_unref(reinterpret_cast<uv_handle_t*>(&handles_->poll));
  uv_unref(reinterpret_cast<uv_handle_t*>(&handles_->timer));
  uv_unref(reinterpret_cast<uv_handle_t*>(&handles_->prepare));
  uv_unref(reinterpret_cast<uv_handle_t*>(&handles_->dontWait));
  updateTime();
  wheel_.advance(nowMs_);
  auto& pollers = pollersOn(loop);
  for (Poller* other : pollers) other->waitInLibuv();
  pollers.push_back(this);
  if (pollers.size() == 1) waitAlone();
  else waitInLibuv();
}

Poller::~Poller() {
  close(nullptr);
  if (closing_ != nullptr) closing_->owner = nullptr;
}

void Poller::close(std::function<void()> closed) {
  if (handles_ == nullptr) {
    if (!closed) return;
    if (closing_ == nullptr) closed();
    else closing_->whenClosed.push_back(std::move(closed));
    return;
  }
  if (closed) handles_->whenClosed.push_back(std::move(closed));
  uv_handle_t* all[] = {reinterpret_cast<uv_handle_t*>(&handles_->poll), reinterpret_cast<uv_handle_t*>(&handles_->timer),
                        reinterpret_cast<uv_handle_t*>(&handles_->prepare),
                        reinterpret_cast<uv_handle_t*>(&handles_->dontWait)};
  uv_poll_stop(&handles_->poll);
  if (isAlone_) remove(uv_backend_fd(loop_));
  isAlone_ = false;
  auto& pollers = pollersOn(loop_);
  pollers.erase(std::remove(pollers.begin(), pollers.end(), this), pollers.end());
  if (pollers.size() == 1) pollers.front()->waitAlone();
  for (uv_handle_t* handle : all) {
    handle->data = handles_;
    uv_close(handle, Handles::closed);
  }
  closing_ = handles_;
  handles_ = nullptr;
}

bool Poller::add(int fd, uint32_t events, Pollable* pollable) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = pollable;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void Poller::remove(int fd) {
  epoll_event event{};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, &event);
}

bool Poller::modify(int fd, uint32_t events, Pollable* pollable) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = pollable;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0;
}

bool Poller::hasEvents(const Pollable* pollable) const {
  for (int i = eventAt_; i < eventCount_; i++) {
    if (events_[i].data.ptr == pollable) return true;
  }
  return false;
}

void Poller::forget(Pollable* pollable) {
  for (int i = eventAt_; i < eventCount_; i++) {
    if (events_[i].data.ptr == pollable) events_[i].data.ptr = nullptr;
  }
}

void Poller::setDeadline(Timed* timed, uint64_t deadlineMs) {
  wheel_.set(timed, deadlineMs);
  if (timerRuns_ || handles_ == nullptr) return;
  timerRuns_ = true;
  nextTickMs_ = nowMs_ + TimerWheel::kTickMs;
  if (!isAlone_) uv_timer_start(&handles_->timer, onTimer, TimerWheel::kTickMs, TimerWheel::kTickMs);
}

void Poller::defer(Deferred* deferred) {
  if (deferred->queued_) return;
  deferred->queued_ = true;
  deferred_.push_back(deferred);
  // Outside of a turn, e.g. in a timer of JavaScript: it is the next thing that is done before anyone waits.
  if (!inTurn_ && handles_ != nullptr) dontWait();
}

void Poller::undefer(Deferred* deferred) {
  if (!deferred->queued_) return;
  deferred->queued_ = false;
  std::replace(deferred_.begin(), deferred_.end(), deferred, static_cast<Deferred*>(nullptr));
  std::replace(running_.begin(), running_.end(), deferred, static_cast<Deferred*>(nullptr));
}

void* Poller::beginRequest() {
  handles_->open++;
  return handles_;
}

void Poller::endRequest(void* request) { static_cast<Handles*>(request)->closedOne(); }

void Poller::hold() {
  if (holds_++ == 0 && handles_ != nullptr) uv_ref(reinterpret_cast<uv_handle_t*>(&handles_->prepare));
}

void Poller::unhold() {
  if (--holds_ == 0 && handles_ != nullptr) uv_unref(reinterpret_cast<uv_handle_t*>(&handles_->prepare));
}

void Poller::waitAlone() {
  if (isAlone_ || handles_ == nullptr) return;
  uv_poll_stop(&handles_->poll);
  uv_timer_stop(&handles_->timer);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = &libuv_;
  isAlone_ = ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, uv_backend_fd(loop_), &event) == 0;
  if (!isAlone_) waitInLibuv();
  dontWait();
}

void Poller::waitInLibuv() {
  if (handles_ == nullptr) return;
  // First: descriptors of two epoll sets in each other are refused.
  if (isAlone_) remove(uv_backend_fd(loop_));
  isAlone_ = false;
  uv_poll_start(&handles_->poll, UV_READABLE, onReadable);
  if (timerRuns_) uv_timer_start(&handles_->timer, onTimer, TimerWheel::kTickMs, TimerWheel::kTickMs);
}

void Poller::onReadable(uv_poll_t* handle, int, int) { static_cast<Poller*>(handle->data)->turn(0); }

void Poller::onTimer(uv_timer_t* handle) { static_cast<Poller*>(handle->data)->runTimers(); }

void Poller::onPrepare(uv_prepare_t* handle) {
  auto* poller = static_cast<Poller*>(handle->data);
  uv_idle_stop(&poller->handles_->dontWait);
  if (!poller->deferred_.empty()) {
    poller->beginTurn();
    poller->endTurn();
  }
  if (poller->isAlone_) poller->serveAlone();
}

// Between rounds of libuv's loop.
void Poller::serveAlone() {
  for (bool isForLibuv = false; isAlone_ && !isForLibuv;) {
    uv_update_time(loop_);
    const int libuvMs = uv_backend_timeout(loop_);
    isForLibuv = turn(timeoutMs(libuvMs)) || libuvMs == 0;
    if (!isAlone_) break;
    updateTime();
    if (timerRuns_ && nowMs_ >= nextTickMs_) runTimers();
    if (!isForLibuv && libuvMs > 0) {
      uv_update_time(loop_);
      isForLibuv = uv_backend_timeout(loop_) == 0;
    }
  }
  if (handles_ != nullptr) {
    // Libuv looks at its own descriptors now, and knows nothing of ours: it must come back at once.
    uv_update_time(loop_);
    dontWait();
  }
}

// How long to wait: -1 for ever.
int Poller::timeoutMs(int libuvMs) {
  if (!timerRuns_ || libuvMs == 0) return libuvMs;
  updateTime();
  const int tickMs = nextTickMs_ > nowMs_ ? static_cast<int>(nextTickMs_ - nowMs_) : 0;
  return libuvMs < 0 ? tickMs : std::min(libuvMs, tickMs);
}

void Poller::dontWait() {
  uv_idle_start(&handles_->dontWait, [](uv_idle_t*) {});
}

bool Poller::turn(int timeoutMs) {
  eventCount_ = ::epoll_wait(epoll_.get(), events_, kMaxEvents, timeoutMs);
  if (eventCount_ <= 0) {
    eventCount_ = 0;
    return false;
  }
  if (eventCount_ == 1 && events_[0].data.ptr == &libuv_) {
    eventCount_ = 0;
    return true;
  }
  bool isForLibuv = false;
  beginTurn();
  for (eventAt_ = 0; eventAt_ < eventCount_;) {
    const epoll_event event = events_[eventAt_++];
    if (event.data.ptr == &libuv_) isForLibuv = true;
    else if (event.data.ptr != nullptr) static_cast<Pollable*>(event.data.ptr)->onEvents(event.events);
  }
  eventCount_ = eventAt_ = 0;
  endTurn();
  return isForLibuv;
}

void Poller::runTimers() {
  updateTime();
  nextTickMs_ = nowMs_ + TimerWheel::kTickMs;
  if (wheel_.skip(nowMs_)) return;
  beginTurn();
  wheel_.advance(nowMs_);
  endTurn();
}

void Poller::beginTurn() {
  updateTime();
  turns_->beginTurn();
  inTurn_ = true;
}

void Poller::endTurn() {
  runDeferred();
  inTurn_ = false;
  turns_->endTurn();
}

void Poller::runDeferred() {
  while (!deferred_.empty()) {
    running_.swap(deferred_);
    for (size_t i = 0; i < running_.size(); i++) {
      Deferred* deferred = running_[i];
      if (deferred == nullptr) continue;
      deferred->queued_ = false;
      running_[i] = nullptr;
      deferred->onTurnEnd();
    }
    running_.clear();
  }
}

}  // namespace tidegate::net
