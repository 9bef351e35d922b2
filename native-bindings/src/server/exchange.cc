#include "exchange.h"

#include "../net/digits.h"

#include <cstdio>

#include "body-limits.h"
#include "connection.h"
#include "listener.h"
#include "status-line.h"

namespace tidegate::server {

const char* Exchange::headBytes() const { return connection_->in_.data(); }

std::string_view Exchange::field(http::FieldName id) const {
  for (const http::Field& field : head_.fields) {
    if (field.id == id) return text(field.value);
  }
  return {};
}

std::string_view Exchange::body() const { return {headBytes() + headLength_, heldBytes_}; }

void Exchange::reset() {
  head_.clear();
  decoder_.reset();
  observer_ = nullptr;
  idleTimeoutMs = 60'000;
  headLength_ = heldBytes_ = 0;
  bodyBytes_ = limitBytes_ = answerLeft_ = answerBytes_ = 0;
  waitedMs_ = waitingSinceMs_ = bytesBeforeWait_ = 0;
  discardFromByte_ = UINT64_MAX;
  mode_ = BodyMode::kHold;
  framing_ = BodyFraming::kNone;
  headDone_ = bodyDone_ = paused_ = resumeAsked_ = continueSent_ = answerBegun_ = answerEnded_ = chunkedAnswer_ = false;
  drainWanted_ = wholeTold_ = endTold_ = tunnel_ = false;
}

// --- the request's body ---

void Exchange::setPaused(bool paused) {
  if (paused == paused_) return;
  paused_ = paused;
  const uint64_t nowMs = connection_->nowMs();
  if (paused) {
    waitedMs_ += nowMs - waitingSinceMs_;
  } else {
    waitingSinceMs_ = nowMs;
    connection_->progressedMs_ = nowMs;
  }
}

// From here on the client is waited for; so far it may have waited for us.
void Exchange::askForBody() {
  waitedMs_ = 0;
  bytesBeforeWait_ = bodyBytes_;
  waitingSinceMs_ = connection_->progressedMs_ = connection_->nowMs();
  // RFC 9110 §10.1.1: not when the body is on its way already.
  if (head_.expectContinue && !continueSent_ && bodyBytes_ == 0 && !bodyDone_) {
    continueSent_ = true;
    connection_->sendSmall("HTTP/1.1 100 Continue\r\n\r\n");
  }
  connection_->scheduleRead();
}

void Exchange::readWhole(uint64_t limitBytes) {
  limitBytes_ = limitBytes;
  const uint64_t known = head_.chunked ? bodyBytes_ : head_.contentLength;
  if (known > limitBytes || bodyDone_) {
    wholeTold_ = true;
    mode_ = BodyMode::kWhole;
    if (known > limitBytes) {
      mode_ = BodyMode::kDiscard;
      connection_->dropHeld();
    }
    observer_->onWholeBody(*this, known > limitBytes);
    return;
  }
  mode_ = BodyMode::kWhole;
  askForBody();
}

void Exchange::streamBody() {
  mode_ = BodyMode::kStream;
  askForBody();
}

void Exchange::resumeBody() {
  resumeAsked_ = true;
  if (!paused_) return;
  setPaused(false);
  connection_->scheduleRead();
}

// --- the answer ---

void Exchange::beginAnswer(uint16_t status, std::string_view fields, BodyFraming framing, uint64_t contentLength) {
  if (answerBegun_) return;
  answerBegun_ = true;
  const bool hasNoBody = status == 204 || status == 304;
  if (hasNoBody || isHead()) {
    // Nothing can be said about a length that is not known.
    if (framing != BodyFraming::kNone) {
      const bool known = status != 204 && framing != BodyFraming::kUnknown && contentLength != UINT64_MAX;
      framing = known ? BodyFraming::kHeadOnly : BodyFraming::kNone;
    }
  } else if (framing == BodyFraming::kNone || framing == BodyFraming::kHeadOnly) {
    // The client would wait for a body.
    framing = BodyFraming::kLength;
    contentLength = 0;
  }
  framing_ = framing;
  answerLeft_ = framing == BodyFraming::kLength ? contentLength : 0;
  Connection& connection = *connection_;
  if (framing == BodyFraming::kUnknown) {
    chunkedAnswer_ = !head_.http10;
    if (head_.http10) connection.closeAfter_ = true;
  }
  if (connection.listener_.closing()) connection.closeAfter_ = true;
  // A body that may never come, or is too long to be read for nothing: nothing can follow on this connection.
  const uint64_t bodyLeft = head_.chunked ? 0 : head_.contentLength - bodyBytes_;
  if (!bodyDone_ && ((head_.expectContinue && !continueSent_) || bodyLeft > kMaxDiscardBytes)) {
    connection.closeAfter_ = true;
  }
  net::ByteBuffer& out = connection.out_;
  out.reserve(fields.size() + 256);
  out.append(statusLine(status));
  out.append(fields);
  out.append(connection.listener_.shared().dateLine());
  if (framing == BodyFraming::kLength || framing == BodyFraming::kHeadOnly) {
    out.append("content-length: ");
    out.append(net::Digits(contentLength).view());
    out.append("\r\n");
  } else if (chunkedAnswer_) {
    out.append("transfer-encoding: chunked\r\n");
  }
  if (connection.closeAfter_) out.append("connection: close\r\n");
  else if (head_.http10) out.append("connection: keep-alive\r\n");
  out.append("\r\n");
  connection.listener_.shared().poller->defer(&connection);
}

bool Exchange::writeAnswer(const char* bytes, size_t length) {
  if (!answerBegun_ || answerEnded_ || length == 0) return true;
  if (framing_ == BodyFraming::kNone || framing_ == BodyFraming::kHeadOnly) return true;
  Connection& connection = *connection_;
  if (framing_ == BodyFraming::kLength) {
    // More than was announced is not sent: it would be read as the next answer.
    if (length > answerLeft_) length = static_cast<size_t>(answerLeft_);
    answerLeft_ -= length;
  }
  answerBytes_ += length;
  if (chunkedAnswer_) {
    connection.out_.append(net::Digits(length, 16).view());
    connection.out_.append("\r\n");
    connection.send(bytes, length);
    connection.sendSmall("\r\n");
  } else {
    connection.send(bytes, length);
  }
  // Small pieces wait for the end of the turn: that is no reason to wait for the client.
  const bool ready = connection.out_.size() < (connection.writing_ ? kMaxStalledBytes : kMaxPendingBytes);
  if (!ready) drainWanted_ = true;
  return ready;
}

void Exchange::endAnswer() {
  if (!answerBegun_ || answerEnded_) return;
  Connection& connection = *connection_;
  if (framing_ == BodyFraming::kLength && answerLeft_ > 0) {
    destroy();
    return;
  }
  answerEnded_ = true;
  observer_ = nullptr;
  if (chunkedAnswer_) connection.sendSmall("0\r\n\r\n");
  connection.listener_.shared().poller->defer(&connection);
  connection.maybeFinish();
}

void Exchange::answer(uint16_t status, std::string_view fields, std::string_view body) {
  beginAnswer(status, fields, BodyFraming::kLength, body.size());
  writeAnswer(body.data(), body.size());
  endAnswer();
}

void Exchange::beginTunnel() {
  if (answerBegun_ || hasBody()) return;
  answerBegun_ = true;
  tunnel_ = true;
  framing_ = BodyFraming::kUnknown;
  // Of a body that ends with the connection.
  bodyDone_ = false;
  idleTimeoutMs = 0;
  connection_->closeAfter_ = true;
}

void Exchange::inform(uint16_t status, std::string_view fields) {
  // RFC 9110 §15.2: not to HTTP/1.0 clients. One that is not being read may be left out.
  Connection& connection = *connection_;
  if (answerBegun_ || head_.http10 || connection.out_.size() > kMaxPendingBytes) return;
  connection.out_.append(statusLine(status));
  connection.out_.append(fields);
  connection.sendSmall("\r\n");
}

void Exchange::destroy() {
  observer_ = nullptr;
  connection_->cut(false);
}

}  // namespace tidegate::server
