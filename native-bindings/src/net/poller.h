// One epoll set of ours inside libuv's loop, with timers and work at the end of a turn.
#pragma once

#include <sys/epoll.h>
#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace tidegate::net {

// Closes a file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() { reset(); }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = other.release();
    }
    return *this;
  }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void reset();

 private:
  int fd_ = -1;
};

// What the poller tells about one descriptor. Edge-triggered: whoever is told reads until there is nothing more.
class Pollable {
 public:
  virtual void onEvents(uint32_t epollEvents) = 0;

 protected:
  ~Pollable() = default;
};

class TimerWheel;

// Something with one deadline. Moving the deadline is an assignment: the wheel looks again when the old one is over.
class Timed {
 public:
  // In milliseconds of Poller::nowMs; 0: none.
  uint64_t deadlineMs() const { return deadlineMs_; }

 protected:
  Timed() = default;
  ~Timed();
  virtual void onDeadline() = 0;

 private:
  friend class TimerWheel;
  Timed* next_ = nullptr;
  Timed** link_ = nullptr;
  uint64_t deadlineMs_ = 0;
  uint64_t bucketMs_ = 0;
};

class TimerWheel {
 public:
  static constexpr uint64_t kTickMs = 50;
  static constexpr size_t kBuckets = 2048;

  TimerWheel() : buckets_(kBuckets, nullptr) {}
  void set(Timed* timed, uint64_t deadlineMs);
  void clear(Timed* timed);
  // Calls onDeadline of all that are due.
  void advance(uint64_t nowMs);
  // When nothing can be due until then: lets the time pass, and returns true.
  bool skip(uint64_t nowMs);

 private:
  friend class Timed;
  void insert(Timed* timed, uint64_t atMs);
  static void unlink(Timed* timed);

  std::vector<Timed*> buckets_;
  uint64_t tick_ = 0;
};

// Work to be done once before the poller waits again.
class Deferred {
 public:
  virtual void onTurnEnd() = 0;

 protected:
  ~Deferred() = default;

 private:
  friend class Poller;
  bool queued_ = false;
};

// Two ways to wait:
//
// - Alone on its loop (the rule), the poller waits itself, in a prepare handle, for its own events and for libuv's backend
//   descriptor, and serves turn after turn without a round of libuv's loop in between. It goes back to libuv when that has
//   events, timers that are due, descriptors to watch, or anything else that keeps it from waiting (uv_backend_timeout).
//   Node makes an object and opens a scope in each round (docs/decisions/011-the-poller-waits.md).
// - Several on one loop: libuv waits, and watches the epoll set of each.
class Poller {
 public:
  // Before and after the events of a turn: a JavaScript scope is opened around them.
  class Turns {
   public:
    virtual void beginTurn() = 0;
    virtual void endTurn() = 0;

   protected:
    ~Turns() = default;
  };

  Poller(uv_loop_t* loop, Turns* turns);
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Gives libuv's handles back; `closed` is called when libuv is done with them, though the poller may be gone by then.
  // Nothing is served afterwards.
  void close(std::function<void()> closed);

  // False with errno set.
  bool add(int fd, uint32_t events, Pollable* pollable);
  void remove(int fd);
  // Asks for other events. What is ready already is told again, in the next turn: whoever has read enough for one turn
  // goes on like this.
  bool modify(int fd, uint32_t events, Pollable* pollable);
  // Whether events were fetched that it was not told of yet.
  bool hasEvents(const Pollable* pollable) const;
  // Events that were fetched and not yet told are not told of this one any more.
  void forget(Pollable* pollable);

  void setDeadline(Timed* timed, uint64_t deadlineMs);
  void clearDeadline(Timed* timed) { wheel_.clear(timed); }

  // Each is called once at the end of this turn (or of the next one, outside of a turn).
  void defer(Deferred* deferred);
  void undefer(Deferred* deferred);

  // A turn that something else than an event begins, e.g. the resolver.
  void beginTurn();
  void endTurn();

  // Monotonic milliseconds: of the beginning of the turn, or of now outside of one.
  uint64_t nowMs() {
    if (!inTurn_) updateTime();
    return nowMs_;
  }
  void updateTime() { nowMs_ = uv_hrtime() / 1000000; }
  bool inTurn() const { return inTurn_; }
  bool closed() const { return handles_ == nullptr; }
  // A request to libuv other than those of the poller, e.g. to the resolver: the loop is not given back before it has
  // ended. May end after the poller.
  void* beginRequest();
  static void endRequest(void* request);

  // Keeps the process alive while there is something to serve.
  void hold();
  void unhold();
  uv_loop_t* loop() const { return loop_; }

 private:
  static constexpr int kMaxEvents = 512;
  // Its address marks libuv's descriptor among the events.
  static inline char libuv_ = 0;
  static void onReadable(uv_poll_t* handle, int status, int events);
  static void onTimer(uv_timer_t* handle);
  static void onPrepare(uv_prepare_t* handle);
  // All on that loop.
  static std::vector<Poller*>& pollersOn(uv_loop_t* loop);
  void waitAlone();
  void waitInLibuv();
  void serveAlone();
  int timeoutMs(int libuvMs);
  void dontWait();
  // Returns whether libuv's descriptor was among the events.
  bool turn(int timeoutMs);
  void runDeferred();
  void runTimers();

  struct Handles;  // libuv's: they outlive this until libuv has closed them
  uv_loop_t* loop_;
  Turns* turns_;
  FileDescriptor epoll_;
  Handles* handles_;
  Handles* closing_ = nullptr;
  uint64_t nextTickMs_ = 0;
  TimerWheel wheel_;
  std::vector<Deferred*> deferred_;
  std::vector<Deferred*> running_;
  epoll_event events_[kMaxEvents];
  int eventCount_ = 0;
  int eventAt_ = 0;
  uint64_t nowMs_ = 0;
  uint32_t holds_ = 0;
  bool inTurn_ = false;
  bool timerRuns_ = false;
  bool isAlone_ = false;
};

}  // namespace tidegate::net
