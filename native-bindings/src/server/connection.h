// One downstream connection: reads requests one after another, writes their answers in order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "../net/byte-buffer.h"
#include "../net/poller.h"
#include "exchange.h"

namespace tidegate::server {

class Listener;

class Connection final : public net::Pollable, public net::Timed, public net::Deferred {
 public:
  Connection(Listener& listener, net::FileDescriptor fd, std::string peerAddress);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Registers with the poller. False: the connection can't be served.
  bool start();
  const std::string& peerAddress() const { return peerAddress_; }
  Listener& listener() const { return listener_; }
  bool busy() const { return exchange_ != nullptr && exchange_->headDone_; }
  // Cuts it. An exchange under way is told with onAborted when `tell` is set.
  void cut(bool tell);
  // No other request is read: idle connections are closed by whoever drains, busy ones after their answer.
  void closeSoon();

  void onEvents(uint32_t events) override;
  void onDeadline() override;
  void onTurnEnd() override;

 private:
  friend class Exchange;
  enum class State : uint8_t { kOpen, kLingering, kDead };

  uint64_t nowMs() const;
  void readInput();
  size_t wantedBytes() const;
  void discardInput(size_t* left);
  bool wantsInput() const;
  bool wantsBody() const;
  void process();
  bool beginExchange();
  void refuse(http::RequestRefusal refusal);
  bool takeBody();
  void takeTunnel();
  void decodeLength();
  void decodeChunked();
  void deliverBody();
  void dropHeld();
  void maybeFinish();
  void finishExchange();
  void giveBackExchange();
  void timeOut();
  void peerLeft();

  void send(const char* bytes, size_t length);
  void sendSmall(std::string_view bytes);
  void stalled();
  void flush();
  void flushed();
  void linger();
  uint64_t deadlineOfState() const;
  bool isTooSlow() const;
  void updateDeadline();
  void scheduleRead();

  Listener& listener_;
  net::FileDescriptor fd_;
  std::string peerAddress_;
  net::ByteBuffer in_;
  net::ByteBuffer out_;
  std::unique_ptr<Exchange> exchange_;
  uint64_t headDeadlineMs_ = 0;
  // When the client last sent or took something, or since when it is waited for.
  uint64_t progressedMs_ = 0;
  uint64_t lingerEndMs_ = 0;
  uint64_t rateCheckMs_ = 0;  // when the rate of a body is looked at next
  State state_ = State::kOpen;
  bool inputReady_ = false;  // epoll has told of input that was not read yet
  bool peerClosed_ = false;
  bool broken_ = false;
  bool closeAfter_ = false;  // after the answer under way
  bool mustLinger_ = false;  // input may be left unread
  bool wantsRead_ = false;
  bool processing_ = false;
  bool writing_ = false;  // the kernel takes no more: EPOLLOUT tells when it does
};

}  // namespace tidegate::server
