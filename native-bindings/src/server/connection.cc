#include "connection.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "../net/clock.h"
#include "body-limits.h"
#include "listener.h"
#include "status-line.h"

namespace tidegate::server {

namespace {

constexpr uint32_t kEvents = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
// A body that nobody has asked for yet is held up to this; then the client has to wait.
constexpr size_t kUnaskedBytes = 64 * 1024;
// What is read at once of a body that is streamed.
constexpr size_t kStreamReadBytes = 64 * 1024;
constexpr size_t kHeadReadBytes = 4 * 1024;
// Of a body that is read whole, its buffer grows by at most this at a time: what is announced may never come.
constexpr size_t kWholeReadBytes = 1024 * 1024;
// Read of one connection before others have their turn.
constexpr size_t kTurnBytes = 1024 * 1024;
// Answers up to this are copied together; longer pieces are written from where they are.
constexpr size_t kCopyBytes = 8 * 1024;
// After the answer, a client that goes on sending is listened to for this long in all, and while it is not silent for
// the other.
constexpr uint64_t kLingerMs = 30'000;
constexpr uint64_t kLingerSilenceMs = 5'000;
// A rate is asked for only after a body had this long.
constexpr uint64_t kRateGraceMs = 10'000;
constexpr uint64_t kRateCheckMs = 1'000;

}  // namespace

Connection::Connection(Listener& listener, net::FileDescriptor fd, std::string peerAddress)
    : listener_(listener),
      fd_(std::move(fd)),
      peerAddress_(std::move(peerAddress)),
      in_(listener.shared().blocks),
      out_(listener.shared().blocks) {}

Connection::~Connection() { listener_.shared().poller->undefer(this); }

uint64_t Connection::nowMs() const { return listener_.shared().poller->nowMs(); }

bool Connection::start() {
  // Edge-triggered and once for all: no further epoll_ctl however the connection is used.
  if (!listener_.shared().poller->add(fd_.get(), kEvents, this)) return false;
  progressedMs_ = nowMs();
  headDeadlineMs_ = nowMs() + listener_.options().headTimeoutMs;
  updateDeadline();
  return true;
}

void Connection::onEvents(uint32_t events) {
  if (state_ == State::kDead) return;
  if ((events & EPOLLOUT) != 0 && !out_.empty()) flush();
  if (state_ == State::kDead) return;
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) peerClosed_ = true;
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) broken_ = true;
  inputReady_ = true;
  readInput();
  if (peerClosed_) peerLeft();
}

// The client has closed its side. Whoever does that while an answer is due will not read it, as far as anyone can tell;
// an answer that was given already is still sent.
void Connection::peerLeft() {
  if (state_ != State::kOpen) return;
  if (broken_ || busy()) {
    cut(true);
    return;
  }
  // What is missing of a head will not come.
  if (exchange_ != nullptr) giveBackExchange();
  closeAfter_ = true;
  if (out_.empty()) cut(false);
}

// --- input ---

bool Connection::wantsBody() const {
  const Exchange& exchange = *exchange_;
  if (exchange.bodyDone_ || exchange.paused_) return false;
  using Mode = Exchange::BodyMode;
  if (exchange.mode_ == Mode::kHold) return exchange.heldBytes_ < kUnaskedBytes;
  // Of a body that nobody wants, more is read only when that is all that is between this and the next request.
  return exchange.mode_ != Mode::kDiscard || exchange.answerEnded_;
}

bool Connection::wantsInput() const {
  if (state_ == State::kLingering) return true;
  if (busy()) return wantsBody();
  // A client that does not take its answers gets no others.
  return !closeAfter_ && !(exchange_ == nullptr && writing_);
}

size_t Connection::wantedBytes() const {
  if (!busy()) return kHeadReadBytes;
  const Exchange& exchange = *exchange_;
  if (exchange.mode_ != Exchange::BodyMode::kWhole || exchange.head_.chunked) return kStreamReadBytes;
  const uint64_t left = exchange.head_.contentLength - exchange.bodyBytes_;
  return static_cast<size_t>(std::clamp<uint64_t>(left, kHeadReadBytes, kWholeReadBytes));
}

void Connection::readInput() {
  if (processing_) {
    scheduleRead();
    return;
  }
  size_t left = kTurnBytes;
  while (inputReady_ && state_ != State::kDead && wantsInput()) {
    if (left == 0) {
      // There is more: told again in the next turn.
      listener_.shared().poller->modify(fd_.get(), kEvents, this);
      break;
    }
    if (state_ == State::kLingering) {
      discardInput(&left);
      continue;
    }
    in_.reserve(wantedBytes());
    const size_t room = in_.roomBytes();
    const ssize_t length = ::recv(fd_.get(), in_.room(), room, 0);
    if (length < 0) {
      if (errno == EINTR) continue;
      inputReady_ = false;
      if (errno != EAGAIN && errno != EWOULDBLOCK) cut(true);
      break;
    }
    if (length == 0) {
      inputReady_ = false;
      peerClosed_ = true;
      peerLeft();
      break;
    }
    const auto taken = static_cast<size_t>(length);
    // Less than there was room for: the socket is empty, and the next bytes are a new event. An end that was told already
    // is none.
    if (taken < room && !peerClosed_) inputReady_ = false;
    left -= std::min(left, taken);
    progressedMs_ = nowMs();
    in_.grew(taken);
    process();
  }
  if (state_ == State::kDead) return;
  if (in_.empty() && exchange_ == nullptr) in_.release();
  updateDeadline();
}

// Within TCP, without copying (MSG_TRUNC of tcp(7)).
void Connection::discardInput(size_t* left) {
  const ssize_t length = ::recv(fd_.get(), nullptr, kTurnBytes, MSG_TRUNC);
  if (length > 0) {
    progressedMs_ = nowMs();
    *left -= std::min(*left, static_cast<size_t>(length));
  } else if (length < 0 && errno == EINTR) {
    return;
  } else if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    inputReady_ = false;
  } else {
    cut(false);
  }
}

void Connection::process() {
  if (processing_) return;
  processing_ = true;
  while (state_ == State::kOpen) {
    if (busy()) {
      if (!takeBody()) break;
    } else {
      if (in_.empty() || closeAfter_ || (exchange_ == nullptr && writing_)) break;
      if (!beginExchange()) break;
    }
  }
  processing_ = false;
}

// False: more bytes are needed, or the connection is over.
bool Connection::beginExchange() {
  auto& shared = listener_.shared();
  if (exchange_ == nullptr) {
    if (shared.freeExchanges.empty()) {
      exchange_ = std::make_unique<Exchange>(listener_.options().limits);
    } else {
      exchange_ = std::move(shared.freeExchanges.back());
      shared.freeExchanges.pop_back();
      exchange_->reset();
      exchange_->parser_ = http::RequestParser(listener_.options().limits);
    }
    exchange_->connection_ = this;
    if (headDeadlineMs_ == 0) headDeadlineMs_ = nowMs() + listener_.options().headTimeoutMs;
  }
  Exchange& exchange = *exchange_;
  switch (exchange.parser_.parse(in_.data(), in_.size(), &exchange.head_)) {
    case http::ParseResult::kIncomplete:
      return false;
    case http::ParseResult::kRefused:
      refuse(exchange.parser_.refusal());
      return false;
    case http::ParseResult::kComplete:
      break;
  }
  headDeadlineMs_ = 0;
  exchange.headDone_ = true;
  exchange.headLength_ = exchange.parser_.headLength();
  exchange.startedAtNs = net::nowNs();
  exchange.startedAtMs = net::unixMs();
  exchange.id = shared.nextId++;
  exchange.bodyDone_ = !exchange.hasBody();
  exchange.waitingSinceMs_ = nowMs();
  if (!exchange.head_.keepAlive || listener_.closing()) closeAfter_ = true;
  // What has arrived of the body already is there when the stages look; what is wrong with it, they never see.
  if (!exchange.bodyDone_) takeBody();
  if (state_ != State::kOpen || exchange_.get() != &exchange) return state_ == State::kOpen;
  listener_.events().onRequest(exchange);
  return state_ == State::kOpen;
}

void Connection::refuse(http::RequestRefusal refusal) {
  Exchange& exchange = *exchange_;
  // As far as it was understood.
  std::string_view path;
  if (exchange.head_.path.length > 0) path = exchange.text(exchange.head_.path);
  const uint16_t status = statusOf(refusal);
  const std::string body = listener_.events().onRefused(listener_, path, refusal);
  exchange.headDone_ = true;
  exchange.bodyDone_ = true;
  exchange.observer_ = nullptr;
  closeAfter_ = true;
  mustLinger_ = true;
  exchange.answer(status, "content-type: application/json\r\n", body);
}

// --- the request's body ---

// Decodes what has arrived and hands it on. True: the exchange is over, look at what follows it.
bool Connection::takeBody() {
  Exchange& exchange = *exchange_;
  if (!exchange.bodyDone_) {
    if (exchange.tunnel_) takeTunnel();
    else if (exchange.head_.chunked) decodeChunked();
    else decodeLength();
  }
  if (state_ != State::kOpen || exchange_.get() != &exchange) return true;
  deliverBody();
  if (state_ != State::kOpen || exchange_.get() != &exchange) return true;
  if (exchange.answerEnded_) maybeFinish();
  return state_ != State::kOpen || exchange_.get() != &exchange;
}

void Connection::takeTunnel() {
  Exchange& exchange = *exchange_;
  const size_t arrived = in_.size() - exchange.headLength_ - exchange.heldBytes_;
  exchange.heldBytes_ += arrived;
  exchange.bodyBytes_ += arrived;
}

void Connection::decodeLength() {
  Exchange& exchange = *exchange_;
  const size_t arrived = in_.size() - exchange.headLength_ - exchange.heldBytes_;
  const uint64_t due = exchange.head_.contentLength - exchange.bodyBytes_;
  const size_t length = static_cast<size_t>(std::min<uint64_t>(arrived, due));
  exchange.heldBytes_ += length;
  exchange.bodyBytes_ += length;
  exchange.bodyDone_ = exchange.bodyBytes_ == exchange.head_.contentLength;
}

// Moves the data of all chunks that have arrived together, behind the head: what is passed on does not depend on how the
// client has cut it, and small chunks cost no more than large ones.
void Connection::decodeChunked() {
  Exchange& exchange = *exchange_;
  char* const bytes = in_.data();
  const size_t from = exchange.headLength_ + exchange.heldBytes_;
  size_t at = from;
  size_t to = from;
  auto result = http::ChunkedResult::kMore;
  do {
    const char* data = nullptr;
    size_t taken = 0;
    size_t length = 0;
    result = exchange.decoder_.next(bytes + at, in_.size() - at, &taken, &data, &length);
    if (result == http::ChunkedResult::kData) {
      std::memmove(bytes + to, data, length);
      to += length;
    }
    at += taken;
  } while (result == http::ChunkedResult::kData);

  if (result == http::ChunkedResult::kError) {
    // Nobody can tell where this request ends.
    if (exchange.answerBegun_) {
      cut(true);
      return;
    }
    ExchangeObserver* observer = exchange.observer_;
    exchange.observer_ = nullptr;
    if (observer != nullptr) observer->onAborted(exchange);
    if (state_ == State::kOpen) refuse(http::RequestRefusal::kBadTransferCoding);
    return;
  }
  if (at > to) in_.erase(to, at - to);
  exchange.heldBytes_ += to - from;
  exchange.bodyBytes_ += to - from;
  if (result == http::ChunkedResult::kEnd) exchange.bodyDone_ = true;
}

void Connection::dropHeld() {
  Exchange& exchange = *exchange_;
  if (exchange.heldBytes_ == 0) return;
  in_.erase(exchange.headLength_, exchange.heldBytes_);
  exchange.heldBytes_ = 0;
}

void Connection::deliverBody() {
  Exchange& exchange = *exchange_;
  using Mode = Exchange::BodyMode;
  if (exchange.mode_ == Mode::kWhole && !exchange.wholeTold_) {
    const bool tooLong = exchange.bodyBytes_ > exchange.limitBytes_;
    if (!tooLong && !exchange.bodyDone_) return;
    exchange.wholeTold_ = true;
    if (tooLong) {
      exchange.mode_ = Mode::kDiscard;
      dropHeld();
    }
    if (exchange.observer_ != nullptr) exchange.observer_->onWholeBody(exchange, tooLong);
    return;
  }
  if (exchange.mode_ == Mode::kStream && !exchange.paused_) {
    if (exchange.heldBytes_ > 0 && exchange.observer_ != nullptr) {
      exchange.resumeAsked_ = false;
      const bool more = exchange.observer_->onBodyChunk(exchange, in_.data() + exchange.headLength_, exchange.heldBytes_);
      if (state_ != State::kOpen || exchange_.get() != &exchange) return;
      dropHeld();
      if (!more && !exchange.resumeAsked_ && !exchange.answerEnded_) exchange.setPaused(true);
    }
    if (exchange.bodyDone_ && !exchange.endTold_) {
      exchange.endTold_ = true;
      if (exchange.observer_ != nullptr) exchange.observer_->onBodyEnd(exchange);
    }
    return;
  }
  if (exchange.mode_ == Mode::kDiscard) dropHeld();
}

// --- the end of an exchange ---

// Called when the answer is over, and again whenever more of the request's body was taken.
void Connection::maybeFinish() {
  if (exchange_ == nullptr || !exchange_->answerEnded_) return;
  Exchange& exchange = *exchange_;
  if (exchange.bodyDone_) {
    finishExchange();
    return;
  }
  // A client that is still sending must not be cut off before it has read the answer (RFC 9112 §9.6). A short rest of its
  // body is read, so that the connection can go on; otherwise it is closed, and what still comes is dropped meanwhile.
  const uint64_t left = exchange.head_.chunked ? 0 : exchange.head_.contentLength - exchange.bodyBytes_;
  // What was read before the answer was over counts for neither: its head has said whether the connection goes on.
  if (exchange.discardFromByte_ == UINT64_MAX) exchange.discardFromByte_ = exchange.bodyBytes_;
  const uint64_t discarded = exchange.bodyBytes_ - exchange.discardFromByte_;
  const bool mayNotCome = exchange.head_.expectContinue && !exchange.continueSent_;
  if (closeAfter_ || mayNotCome || left + discarded > kMaxDiscardBytes) {
    closeAfter_ = true;
    mustLinger_ = true;
    finishExchange();
    return;
  }
  exchange.mode_ = Exchange::BodyMode::kDiscard;
  exchange.setPaused(false);
  // Later: whoever has just answered is on the stack.
  if (!processing_) scheduleRead();
}

void Connection::finishExchange() {
  const size_t used = exchange_->headLength_ + exchange_->heldBytes_;
  giveBackExchange();
  in_.consume(std::min(used, in_.size()));
  if (closeAfter_) {
    // With input left unread, the system would reset the connection, and the answer might be lost with it.
    if (!in_.empty() || inputReady_) mustLinger_ = true;
    listener_.shared().poller->defer(this);
    return;
  }
  if (in_.empty()) in_.release();
  // The next request may be here already.
  if (!in_.empty() || inputReady_) scheduleRead();
  updateDeadline();
}

void Connection::giveBackExchange() {
  exchange_->observer_ = nullptr;
  exchange_->connection_ = nullptr;
  auto& shared = listener_.shared();
  if (shared.freeExchanges.size() < kMaxFreeExchanges) shared.freeExchanges.push_back(std::move(exchange_));
  // Whoever ended it may still be on the stack.
  else shared.deadExchanges.push_back(std::move(exchange_));
  exchange_.reset();
  headDeadlineMs_ = 0;
}

void Connection::scheduleRead() {
  wantsRead_ = true;
  listener_.shared().poller->defer(this);
}

void Connection::closeSoon() {
  // One whose head is still coming in is told with its answer.
  if (busy()) closeAfter_ = true;
}

void Connection::cut(bool tell) {
  if (state_ == State::kDead) return;
  state_ = State::kDead;
  auto& shared = listener_.shared();
  shared.poller->remove(fd_.get());
  shared.poller->forget(this);
  shared.poller->clearDeadline(this);
  fd_.reset();
  if (exchange_ != nullptr) {
    ExchangeObserver* observer = exchange_->observer_;
    exchange_->observer_ = nullptr;
    if (tell && observer != nullptr) observer->onAborted(*exchange_);
  }
  listener_.bury(this);
}

// --- output ---

void Connection::send(const char* bytes, size_t length) {
  if (state_ != State::kOpen || broken_) return;
  if (writing_ || (length <= kCopyBytes && out_.size() + length <= net::BlockPool::kBlockBytes)) {
    out_.append(bytes, length);
    if (!writing_) listener_.shared().poller->defer(this);
    return;
  }
  // One write for what waits and this.
  iovec parts[2] = {{out_.data(), out_.size()}, {const_cast<char*>(bytes), length}};
  const bool waiting = !out_.empty();
  msghdr message{};
  message.msg_iov = waiting ? parts : parts + 1;
  message.msg_iovlen = waiting ? 2 : 1;
  ssize_t written;
  do {
    written = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
  } while (written < 0 && errno == EINTR);
  if (written < 0) {
    if (errno != EAGAIN && errno != EWOULDBLOCK) {
      broken_ = true;
      // Told at the end of the turn: whoever writes is on the stack.
      listener_.shared().poller->defer(this);
      return;
    }
    written = 0;
  } else {
    progressedMs_ = nowMs();
  }
  auto left = static_cast<size_t>(written);
  if (waiting) {
    const size_t ofWaiting = std::min(left, out_.size());
    out_.consume(ofWaiting);
    left -= ofWaiting;
  }
  if (left < length) {
    out_.append(bytes + left, length - left);
    stalled();
  } else if (out_.empty()) {
    out_.release();
  }
}

void Connection::sendSmall(std::string_view bytes) {
  out_.append(bytes);
  listener_.shared().poller->defer(this);
}

// The kernel's buffer is full.
void Connection::stalled() {
  if (!writing_) {
    writing_ = true;
    progressedMs_ = nowMs();
  }
  updateDeadline();
}

void Connection::flush() {
  while (!out_.empty()) {
    const ssize_t written = ::send(fd_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) stalled();
      else cut(true);
      return;
    }
    progressedMs_ = nowMs();
    out_.consume(static_cast<size_t>(written));
  }
  writing_ = false;
  out_.release();
  flushed();
}

void Connection::flushed() {
  if (exchange_ != nullptr && exchange_->drainWanted_ && exchange_->observer_ != nullptr) {
    exchange_->drainWanted_ = false;
    exchange_->observer_->onDrain(*exchange_);
    if (state_ == State::kDead || !out_.empty()) return;
  }
  if (exchange_ == nullptr && state_ == State::kOpen) {
    if (closeAfter_) {
      linger();
      return;
    }
    // Requests that had to wait until their predecessors' answers were taken.
    if (!in_.empty() || inputReady_) scheduleRead();
  }
  updateDeadline();
}

void Connection::onTurnEnd() {
  if (state_ == State::kDead) return;
  if (broken_) {
    cut(true);
    return;
  }
  if (!writing_ && !out_.empty()) flush();
  if (state_ == State::kDead) return;
  if (state_ == State::kOpen && exchange_ == nullptr && closeAfter_ && out_.empty()) {
    linger();
    return;
  }
  if (!wantsRead_) return;
  wantsRead_ = false;
  process();
  if (state_ != State::kDead) readInput();
}

// Says that nothing more comes, and takes what the client still sends: closing at once would reset the connection, and
// the answer might be lost with it.
void Connection::linger() {
  if (!mustLinger_) {
    cut(false);
    return;
  }
  state_ = State::kLingering;
  in_.release();
  ::shutdown(fd_.get(), SHUT_WR);
  progressedMs_ = nowMs();
  lingerEndMs_ = nowMs() + kLingerMs;
  updateDeadline();
  if (inputReady_) scheduleRead();
}

// --- time ---

// When the client has to have done something; 0: it may take its time.
uint64_t Connection::deadlineOfState() const {
  const ListenerOptions& options = listener_.options();
  if (state_ == State::kLingering) return std::min(lingerEndMs_, progressedMs_ + kLingerSilenceMs);
  if (exchange_ == nullptr) {
    // Before the first head, or between two requests.
    return headDeadlineMs_ != 0 ? headDeadlineMs_ : progressedMs_ + options.idleTimeoutMs;
  }
  if (!exchange_->headDone_) return headDeadlineMs_;
  const uint32_t idleMs = exchange_->idleTimeoutMs;
  if (idleMs == 0 || (!writing_ && !wantsBody())) return 0;
  return progressedMs_ + idleMs;
}

bool Connection::isTooSlow() const {
  const uint64_t rate = listener_.options().minBodyBytesPerSecond;
  if (rate == 0 || !busy() || exchange_->tunnel_ || !wantsBody()) return false;
  const Exchange& exchange = *exchange_;
  const uint64_t waitedMs = exchange.waitedMs_ + nowMs() - exchange.waitingSinceMs_;
  return waitedMs > kRateGraceMs && (exchange.bodyBytes_ - exchange.bytesBeforeWait_) * 1000 < rate * waitedMs;
}

void Connection::updateDeadline() {
  if (state_ == State::kDead) return;
  uint64_t atMs = deadlineOfState();
  if (listener_.options().minBodyBytesPerSecond > 0 && busy() && wantsBody()) {
    // Not put off by what comes in meanwhile.
    if (rateCheckMs_ == 0) rateCheckMs_ = nowMs() + kRateCheckMs;
    if (atMs == 0 || rateCheckMs_ < atMs) atMs = rateCheckMs_;
  }
  auto& poller = *listener_.shared().poller;
  if (atMs == 0) poller.clearDeadline(this);
  else poller.setDeadline(this, atMs);
}

void Connection::onDeadline() {
  if (state_ == State::kDead) return;
  rateCheckMs_ = 0;
  const uint64_t atMs = deadlineOfState();
  if ((atMs == 0 || atMs > nowMs()) && !isTooSlow()) {
    updateDeadline();
    return;
  }
  // Empty lines are no request (RFC 9112 §2.2).
  const bool idle = exchange_ == nullptr ||
                    (!exchange_->headDone_ && in_.view().find_first_not_of("\r\n") == std::string_view::npos);
  if (state_ == State::kLingering || idle) cut(false);
  else timeOut();
}

void Connection::timeOut() {
  Exchange& exchange = *exchange_;
  if (exchange.answerBegun_ || (exchange.headDone_ && exchange.bodyDone_)) {
    cut(true);
    return;
  }
  ExchangeObserver* observer = exchange.observer_;
  exchange.observer_ = nullptr;
  if (observer != nullptr) observer->onAborted(exchange);
  if (state_ != State::kOpen) return;
  std::string_view path;
  if (exchange.head_.path.length > 0) path = exchange.text(exchange.head_.path);
  const std::string body = listener_.events().onTimedOut(listener_, path);
  exchange.headDone_ = true;
  exchange.bodyDone_ = true;
  closeAfter_ = true;
  mustLinger_ = true;
  exchange.answer(408, "content-type: application/json\r\n", body);
}

}  // namespace tidegate::server
