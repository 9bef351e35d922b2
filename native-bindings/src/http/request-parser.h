// Strict parser of request heads: RFC 9112, nothing that two parsers could read differently.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fields.h"

namespace tidegate::http {

// Why a request is not let in. Each has one stable code and status towards the caller.
enum class RequestRefusal : uint8_t {
  kNone,
  kBadRequestLine,        // 400: not `method SP target SP HTTP/1.x CRLF`
  kBadMethod,             // 400: not a token, or CONNECT
  kBadTarget,             // 400: characters, fragment, backslash, dot segments
  kBadVersion,            // 505: HTTP/ something other than 1.0 and 1.1
  kBadLineEnd,            // 400: bare CR or LF
  kBadFieldLine,          // 400: no colon, blank before it, obs-fold, empty name
  kBadFieldName,          // 400: not a token
  kBadFieldValue,         // 400: NUL or another control character
  kDuplicateLength,       // 400: more than one Content-Length, or a list
  kBadLength,             // 400: not a decimal number, or too large
  kLengthAndChunked,      // 400: Content-Length beside Transfer-Encoding
  kBadTransferCoding,     // 400: anything but a single `chunked`
  kChunkedInHttp10,       // 400: Transfer-Encoding in HTTP/1.0 (RFC 9112 §6.1)
  kMissingHost,           // 400: none in HTTP/1.1
  kDuplicateHost,         // 400
  kBadHost,               // 400: not a host and port; or differs from an absolute-form target's
  kBadExpectation,        // 417: an expectation other than 100-continue
  kTargetTooLong,         // 414
  kHeadTooLong,           // 431: more bytes or more fields than allowed
};

struct RequestLimits {
  uint32_t headBytes = 64 * 1024;
  uint32_t targetBytes = 16 * 1024;
  uint32_t fields = 200;
};

struct RequestHead {
  Span method;
  Span target;  // as sent
  Span path;    // begins with `/`, also where an absolute-form target has none; `*` of `OPTIONS *`
  Span query;   // without `?`
  Span host;    // value of Host; where HTTP/1.0 has none, the authority of an absolute-form target
  Span hostName;  // lower-cased in place, without port and without a final dot
  bool absoluteForm = false;
  bool http10 = false;
  bool keepAlive = true;
  bool chunked = false;
  bool hasContentLength = false;
  bool expectContinue = false;
  bool hasConnectionNames = false;  // Connection lists something other than close and keep-alive
  uint64_t contentLength = 0;
  std::vector<Field> fields;

  void clear();
};

enum class ParseResult : uint8_t { kIncomplete, kComplete, kRefused };

// One request head after another. Bytes may arrive in any pieces: the verdict is the same, because a line is judged
// when its LF is there, and limits are counted in bytes and fields, not in pieces.
class RequestParser {
 public:
  explicit RequestParser(const RequestLimits& limits) : limits_(limits) {}

  // `bytes`: all that has arrived of this head so far, from its first byte, at the same or another address each time,
  // and longer than or as long as the last time. Lower-cases names and host name in place. Leading CRLFs (RFC 9112
  // §2.2) are skipped and count as part of the head: at most two of them. Clears `head` when a head begins.
  ParseResult parse(char* bytes, size_t length, RequestHead* head);

  // After kComplete: bytes that the head takes, the empty line included.
  size_t headLength() const { return at_; }
  RequestRefusal refusal() const { return refusal_; }
  // True once any byte of a head was seen.
  bool begun() const { return at_ > 0 || scanned_ > 0; }
  // For the next head.
  void reset();

 private:
  ParseResult refuse(RequestRefusal refusal);
  // Looks for the target in the request line, of which [from, to) is new. False: it is longer than allowed.
  bool findTarget(const char* bytes, size_t from, size_t to);
  RequestRefusal requestLine(const char* bytes, size_t from, size_t to, RequestHead* head);
  bool absoluteForm(const char* bytes, RequestHead* head);
  RequestRefusal fieldLine(char* bytes, size_t from, size_t to, RequestHead* head);
  RequestRefusal lengthField(std::string_view value, RequestHead* head);
  RequestRefusal transferEncodingField(std::string_view value, RequestHead* head);
  RequestRefusal hostField(char* bytes, Span value, RequestHead* head);
  RequestRefusal expectField(std::string_view value, RequestHead* head);
  RequestRefusal finish(char* bytes, RequestHead* head);

  RequestLimits limits_;
  size_t at_ = 0;         // start of the line that is not complete yet
  size_t scanned_ = 0;    // bytes of it that hold no LF
  size_t targetAt_ = 0;   // 0: not seen yet
  size_t targetEnd_ = 0;  // 0: not seen yet
  Span authority_;        // of an absolute-form target
  ConnectionOptions connection_;
  uint8_t emptyLines_ = 0;
  bool hasRequestLine_ = false;
  bool hasHost_ = false;
  bool hasExpectation_ = false;
  RequestRefusal refusal_ = RequestRefusal::kNone;
};

}  // namespace tidegate::http
