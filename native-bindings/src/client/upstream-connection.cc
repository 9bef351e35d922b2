#include "upstream-connection.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "origin.h"

namespace tidegate::client {

namespace {

constexpr size_t kReadBytes = 4 * 1024;
// Pieces up to this are copied together.
constexpr size_t kCopyBytes = 8 * 1024;
constexpr size_t kBodyReadBytes = 64 * 1024;
constexpr size_t kMaxPendingBytes = 64 * 1024;
// Read of one connection before others have their turn.
constexpr size_t kTurnBytes = 1024 * 1024;
constexpr uint32_t kEvents = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

// Seconds of `Keep-Alive: timeout=N`; -1: not told.
int keepAliveSeconds(const http::ResponseHead& head, const char* bytes) {
  for (const http::Field& field : head.fields) {
    if (field.id != http::FieldName::kKeepAlive) continue;
    const std::string_view value = field.value.in(bytes);
    const size_t at = value.find("timeout=");
    if (at == std::string_view::npos) return -1;
    int seconds = 0;
    for (size_t i = at + 8; i < value.size() && value[i] >= '0' && value[i] <= '9' && seconds < 100'000; i++) {
      seconds = seconds * 10 + (value[i] - '0');
    }
    return seconds;
  }
  return -1;
}

}  // namespace

UpstreamConnection::UpstreamConnection(Origin& origin)
    : origin_(origin), in_(origin.shared().blocks), out_(origin.shared().blocks), parser_(http::ResponseLimits{}) {}

UpstreamConnection::~UpstreamConnection() { origin_.shared().poller->undefer(this); }

bool UpstreamConnection::connect(const SocketAddress& address, size_t addressesLeft, UpstreamCall& call) {
  call_ = &call;
  call.connection_ = this;
  addressesLeft_ = addressesLeft;
  auto& poller = *origin_.shared().poller;
  fd_ = net::FileDescriptor(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (fd_.valid() && address.storage.ss_family != AF_UNIX) {
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  const int result =
      fd_.valid() ? ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length) : -1;
  if (result == 0 || errno == EINPROGRESS) {
    if (poller.add(fd_.get(), kEvents, this)) {
      const uint64_t nowMs = poller.nowMs();
      const uint32_t limitMs = origin_.options().connectTimeoutMs;
      if (connectDeadlineMs_ == 0 && limitMs > 0) connectDeadlineMs_ = nowMs + limitMs;
      // Its share of the time that is left: an address that does not answer leaves some to the others.
      if (connectDeadlineMs_ > nowMs) addressDeadlineMs_ = nowMs + (connectDeadlineMs_ - nowMs) / (addressesLeft + 1);
      else addressDeadlineMs_ = connectDeadlineMs_;
      updateDeadline();
      return true;
    }
  }
  // Told in a later turn: whoever started the call is on the stack.
  failing_ = true;
  failure_ = UpstreamError::kUnreachable;
  failureReason_ = errno == EMFILE || errno == ENFILE ? "this process has no file descriptors left: raise its limit"
                                                      : std::strerror(errno);
  poller.defer(this);
  return false;
}

void UpstreamConnection::connected() {
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) {
    connectFailed(UpstreamError::kUnreachable, std::strerror(error));
    return;
  }
  state_ = State::kBusy;
  sendRequest();
}

void UpstreamConnection::connectFailed(UpstreamError error, const char* reason) {
  UpstreamCall* call = call_;
  if (call == nullptr) {
    cut();
    return;
  }
  if (addressesLeft_ > 0 && !origin_.addresses_.empty()) {
    // The next address of the name.
    auto& poller = *origin_.shared().poller;
    if (fd_.valid()) poller.remove(fd_.get());
    poller.forget(this);
    fd_.reset();
    failing_ = false;
    connect(origin_.addresses_[origin_.nextAddress_++ % origin_.addresses_.size()], addressesLeft_ - 1, *call);
    return;
  }
  fail(error, reason);
}

void UpstreamConnection::take(UpstreamCall& call) {
  call_ = &call;
  call.connection_ = this;
  reused_ = true;
  state_ = State::kBusy;
  sendRequest();
}

void UpstreamConnection::sendRequest() {
  UpstreamCall& call = *call_;
  framing_ = Framing::kHead;
  parser_.reset();
  head_.clear();
  gotBytes_ = false;
  longBody_ = false;
  requestSent_ = false;
  drainWanted_ = false;
  sendFailed_ = false;
  auto& poller = *origin_.shared().poller;
  progressedMs_ = sentAtMs_ = poller.nowMs();
  if (call.streamedBody) {
    out_.append(call.head);
    if (!call.earlyBody_.empty()) {
      out_.append(call.earlyBody_);
      call.earlyBody_.clear();
    }
    if (call.bodyEnded_) {
      if (call.chunkedBody) out_.append("0\r\n\r\n");
      requestSent_ = true;
    }
    // Whoever has body to write was told to wait until there is a connection.
    if (!call.bodyEnded_) drainWanted_ = call.bodyBegun_;
    poller.defer(this);
  } else {
    // Head and body in one write.
    requestSent_ = true;
    iovec parts[2] = {{call.head.data(), call.head.size()}, {const_cast<char*>(call.body.data()), call.body.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = call.body.empty() ? 1 : 2;
    ssize_t written;
    do {
      written = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
    } while (written < 0 && errno == EINTR);
    if (written < 0) {
      if (errno != EAGAIN && errno != EWOULDBLOCK) {
        failing_ = true;
        sendFailed_ = true;
        poller.defer(this);
        return;
      }
      written = 0;
    }
    size_t left = static_cast<size_t>(written);
    for (const iovec& part : parts) {
      const size_t taken = left < part.iov_len ? left : part.iov_len;
      left -= taken;
      if (taken < part.iov_len) out_.append(static_cast<char*>(part.iov_base) + taken, part.iov_len - taken);
    }
  }
  updateDeadline();
}

bool UpstreamConnection::write(const char* bytes, size_t length) {
  auto& poller = *origin_.shared().poller;
  progressedMs_ = poller.nowMs();
  if (length <= kCopyBytes) {
    // Small pieces of one turn leave together.
    out_.append(bytes, length);
    poller.defer(this);
  } else {
    if (!out_.empty()) flush();
    ssize_t written = 0;
    if (out_.empty()) {
      written = ::send(fd_.get(), bytes, length, MSG_NOSIGNAL);
      if (written < 0) {
        const bool fails = errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
        written = fails ? static_cast<ssize_t>(length) : 0;
        if (fails) {
          failing_ = sendFailed_ = true;
          poller.defer(this);
        }
      }
    }
    if (static_cast<size_t>(written) < length) {
      out_.append(bytes + written, length - static_cast<size_t>(written));
      poller.defer(this);
    }
  }
  const bool ready = out_.size() < kMaxPendingBytes;
  if (!ready) drainWanted_ = true;
  return ready;
}

void UpstreamConnection::flush() {
  while (!out_.empty()) {
    const ssize_t written = ::send(fd_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      out_.release();
      failing_ = sendFailed_ = true;
      origin_.shared().poller->defer(this);
      return;
    }
    progressedMs_ = origin_.shared().poller->nowMs();
    out_.consume(static_cast<size_t>(written));
  }
  out_.release();
  if (state_ != State::kBusy || call_ == nullptr) return;
  if (drainWanted_) {
    drainWanted_ = false;
    call_->observer_->onRequestDrain(*call_);
  }
  updateDeadline();
}

void UpstreamConnection::onEvents(uint32_t events) {
  if (state_ == State::kDead) return;
  if (state_ == State::kConnecting) {
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) connected();
    if (state_ != State::kBusy) return;
  } else if ((events & EPOLLOUT) != 0 && !out_.empty()) {
    flush();
  }
  if (state_ == State::kDead || (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
  inputReady_ = true;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) peerClosed_ = true;
  if (state_ == State::kIdle) {
    // Bytes nobody asked for, or the end: either way it can't be used again.
    cut();
    return;
  }
  readInput();
}

void UpstreamConnection::readInput() {
  size_t left = kTurnBytes;
  while (inputReady_ && state_ == State::kBusy && call_ != nullptr && !call_->paused_) {
    if (left == 0) {
      // There is more: told again in the next turn.
      origin_.shared().poller->modify(fd_.get(), kEvents, this);
      break;
    }
    if (in_.empty()) in_.clear();
    // The pool's block, until a body turns out to be long.
    in_.reserve(longBody_ ? kBodyReadBytes : kReadBytes);
    const size_t room = in_.roomBytes();
    const ssize_t length = ::recv(fd_.get(), in_.room(), room, 0);
    if (length < 0) {
      if (errno == EINTR) continue;
      inputReady_ = false;
      if (errno != EAGAIN && errno != EWOULDBLOCK) lost("the upstream reset the connection");
      break;
    }
    if (length == 0) {
      inputReady_ = false;
      if (framing_ == Framing::kUntilClose) {
        head_.keepAlive = false;
        responseEnded();
      } else {
        lost("the upstream closed the connection");
      }
      return;
    }
    left -= std::min(left, static_cast<size_t>(length));
    if (static_cast<size_t>(length) == room) longBody_ = true;
    // The socket is empty; the next bytes are a new event, but the end that was told already is none.
    else if (!peerClosed_) inputReady_ = false;
    gotBytes_ = true;
    progressedMs_ = origin_.shared().poller->nowMs();
    in_.grew(static_cast<size_t>(length));
    process();
  }
  if (state_ != State::kBusy) return;
  if (call_ != nullptr && call_->paused_ && in_.empty()) {
    // Whoever waits for a slow reader holds nothing meanwhile, and begins with little.
    in_.release();
    longBody_ = false;
  }
  updateDeadline();
}

void UpstreamConnection::process() {
  if (processing_) return;
  processing_ = true;
  while (state_ == State::kBusy && call_ != nullptr && !call_->paused_) {
    if (framing_ == Framing::kHead) {
      if (!processHead()) break;
    } else {
      if (!processBody()) break;
    }
  }
  processing_ = false;
}

bool UpstreamConnection::processHead() {
  switch (parser_.parse(in_.data(), in_.size(), &head_)) {
    case http::ParseResult::kIncomplete:
      return false;
    case http::ParseResult::kRefused:
      fail(UpstreamError::kProtocol,
           parser_.refusal() == http::ResponseRefusal::kHeadTooLong ? "the upstream's response head is too long"
                                                                    : "the upstream's answer is not valid HTTP");
      return false;
    case http::ParseResult::kComplete:
      break;
  }
  UpstreamCall& call = *call_;
  const size_t headLength = parser_.headLength();
  if (head_.status == 101) {
    fail(UpstreamError::kSwitched, "the upstream switched protocols without being asked");
    return false;
  }
  if (head_.status < 200) {
    call.observer_->onInterim(call, head_, in_.data());
    if (state_ != State::kBusy || call_ != &call) return false;
    in_.consume(headLength);
    parser_.reset();
    head_.clear();
    return !in_.empty();
  }
  // RFC 9112 §6.3.
  if (call.isHead || head_.status == 204 || head_.status == 304) {
    framing_ = Framing::kNone;
  } else if (head_.chunked) {
    framing_ = Framing::kChunked;
    decoder_.reset();
  } else if (head_.hasContentLength) {
    framing_ = head_.contentLength == 0 ? Framing::kNone : Framing::kLength;
    bodyLeft_ = head_.contentLength;
  } else {
    framing_ = Framing::kUntilClose;
    head_.keepAlive = false;
  }
  keepAliveMs_ = origin_.options().keepAliveMs;
  if (const int seconds = keepAliveSeconds(head_, in_.data()); seconds >= 0) {
    // A second less than the server says: it must not close while our next request is on its way.
    const uint32_t saidMs = seconds <= 1 ? 0 : static_cast<uint32_t>(seconds - 1) * 1000;
    if (saidMs < keepAliveMs_) keepAliveMs_ = saidMs;
  }
  call.gotHead_ = true;
  const bool more = call.observer_->onHead(call, head_, in_.data());
  if (state_ != State::kBusy || call_ != &call) return false;
  in_.consume(headLength);
  if (!more) call.paused_ = true;
  if (framing_ == Framing::kNone) {
    responseEnded();
    return false;
  }
  return !in_.empty();
}

// True: go on with what is left.
bool UpstreamConnection::processBody() {
  UpstreamCall& call = *call_;
  if (in_.empty()) return false;
  if (framing_ == Framing::kChunked) {
    size_t taken = 0;
    size_t length = 0;
    const char* data = nullptr;
    switch (decoder_.next(in_.data(), in_.size(), &taken, &data, &length)) {
      case http::ChunkedResult::kError:
        fail(UpstreamError::kProtocol, "the upstream's chunked body is malformed");
        return false;
      case http::ChunkedResult::kMore:
        in_.consume(taken);
        return false;
      case http::ChunkedResult::kEnd:
        in_.consume(taken);
        responseEnded();
        return false;
      case http::ChunkedResult::kData: {
        const bool more = call.observer_->onData(call, data, length);
        if (state_ != State::kBusy || call_ != &call) return false;
        in_.consume(taken);
        if (!more) call.paused_ = true;
        return true;
      }
    }
    return false;
  }
  size_t length = in_.size();
  if (framing_ == Framing::kLength && length > bodyLeft_) length = static_cast<size_t>(bodyLeft_);
  if (framing_ == Framing::kLength) bodyLeft_ -= length;
  const bool more = call.observer_->onData(call, in_.data(), length);
  if (state_ != State::kBusy || call_ != &call) return false;
  in_.consume(length);
  if (framing_ == Framing::kLength && bodyLeft_ == 0) {
    responseEnded();
    return false;
  }
  if (!more) call.paused_ = true;
  return !in_.empty();
}

void UpstreamConnection::responseEnded() {
  UpstreamCall* call = call_;
  call_ = nullptr;
  call->connection_ = nullptr;
  // An answer before the whole request was sent, or bytes behind the answer: the connection is in no known state. An end
  // that came with the answer is not told again.
  const bool reusable = head_.keepAlive && requestSent_ && out_.empty() && in_.empty() && keepAliveMs_ > 0 &&
                        !peerClosed_ && !hasMoreInput();
  if (reusable) {
    state_ = State::kIdle;
    in_.release();
    origin_.becameIdle(this);
    updateDeadline();
  } else {
    cut();
  }
  CallObserver* observer = call->observer_;
  origin_.shared().retire(call);
  observer->onComplete(*call);
}

// Of what was told already no event comes again: after a read that filled its room, the socket may hold more.
bool UpstreamConnection::hasMoreInput() {
  if (!inputReady_) return false;
  char byte;
  if (::recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) return true;
  inputReady_ = false;
  return false;
}

void UpstreamConnection::fail(UpstreamError error, const char* reason) {
  UpstreamCall* call = call_;
  call_ = nullptr;
  if (call == nullptr) {
    cut();
    return;
  }
  call->connection_ = nullptr;
  CallObserver* observer = call->observer_;
  auto& shared = origin_.shared();
  cut();
  shared.retire(call);
  observer->onError(*call, error, reason);
}

// Ended by the other side. A connection that was idle may have been closed just when it was used again: what may be sent
// twice is sent on a new one (RFC 9110 §9.2.2, RFC 9112 §9.3.1).
void UpstreamConnection::lost(const char* reason) {
  UpstreamCall* call = call_;
  if (call != nullptr && reused_ && !gotBytes_ && call->idempotent && !call->streamedBody && !call->retried_) {
    call_ = nullptr;
    call->connection_ = nullptr;
    call->retried_ = true;
    cut();
    origin_.start(*call, true);
    return;
  }
  fail(UpstreamError::kReset, reason);
}

void UpstreamConnection::cut() {
  if (state_ == State::kDead) return;
  state_ = State::kDead;
  auto& poller = *origin_.shared().poller;
  if (fd_.valid()) poller.remove(fd_.get());
  poller.forget(this);
  poller.clearDeadline(this);
  fd_.reset();
  UpstreamCall* call = call_;
  call_ = nullptr;
  Origin& origin = origin_;
  origin.bury(this);
  if (call != nullptr) {
    call->connection_ = nullptr;
    CallObserver* observer = call->observer_;
    origin.shared().retire(call);
    observer->onError(*call, UpstreamError::kReset, "the upstream was removed");
  }
}

// Until when something has to happen; 0: it may take its time.
uint64_t UpstreamConnection::deadlineOfState() const {
  switch (state_) {
    case State::kConnecting:
      return addressDeadlineMs_;
    case State::kIdle:
      return progressedMs_ + keepAliveMs_;
    case State::kBusy: {
      if (call_ == nullptr) return 0;
      const CallTimeouts& timeouts = call_->timeouts;
      if (framing_ == Framing::kHead) {
        // A client that is slow with its body is not the upstream's fault; an upstream that does not take it is.
        if (requestSent_) return timeouts.firstByteMs > 0 ? sentAtMs_ + timeouts.firstByteMs : 0;
        return !out_.empty() && timeouts.idleMs > 0 ? progressedMs_ + timeouts.idleMs : 0;
      }
      return !call_->paused_ && timeouts.idleMs > 0 ? progressedMs_ + timeouts.idleMs : 0;
    }
    case State::kDead:
      break;
  }
  return 0;
}

void UpstreamConnection::updateDeadline() {
  if (state_ == State::kDead) return;
  auto& poller = *origin_.shared().poller;
  const uint64_t atMs = deadlineOfState();
  if (atMs == 0) poller.clearDeadline(this);
  else poller.setDeadline(this, atMs);
}

void UpstreamConnection::onDeadline() {
  const uint64_t atMs = deadlineOfState();
  if (atMs == 0 || atMs > origin_.shared().poller->nowMs()) {
    updateDeadline();
    return;
  }
  switch (state_) {
    case State::kConnecting:
      connectFailed(UpstreamError::kConnectTimeout, "the upstream did not accept the connection in time");
      break;
    case State::kIdle:
      cut();
      break;
    case State::kBusy:
      if (framing_ == Framing::kHead && requestSent_) {
        fail(UpstreamError::kFirstByteTimeout, "the upstream did not begin to answer in time");
      } else {
        fail(UpstreamError::kIdleTimeout, "the upstream was silent for too long");
      }
      break;
    case State::kDead:
      break;
  }
}

void UpstreamConnection::onTurnEnd() {
  if (state_ == State::kDead) return;
  if (failing_) {
    failing_ = false;
    if (state_ == State::kConnecting) {
      connectFailed(failure_, failureReason_);
      return;
    }
    // What the upstream said before it closed is still to be read.
    inputReady_ = true;
    wantsRead_ = true;
  }
  if (!out_.empty() && state_ == State::kBusy && !sendFailed_) flush();
  if (!wantsRead_ || state_ != State::kBusy) return;
  wantsRead_ = false;
  if (!in_.empty()) process();
  readInput();
  // It took nothing more of the request, and it is not closed either.
  if (sendFailed_ && state_ == State::kBusy && call_ != nullptr && !call_->paused_ && !inputReady_ && !call_->gotHead_) {
    fail(UpstreamError::kReset, "the connection was lost while the request was sent");
  }
}

}  // namespace tidegate::client
