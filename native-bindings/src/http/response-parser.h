// Strict parser of response heads (RFC 9112 §4 to §6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fields.h"
#include "request-parser.h"

namespace tidegate::http {

enum class ResponseRefusal : uint8_t {
  kNone,
  kBadStatusLine,
  kBadVersion,
  kBadLineEnd,
  kBadFieldLine,
  kBadFieldName,
  kBadFieldValue,
  kDuplicateLength,    // several fields that differ; equal ones are one (RFC 9110 §8.6)
  kBadLength,
  kLengthAndChunked,
  kBadTransferCoding,  // anything but a single `chunked`, and any in HTTP/1.0 (RFC 9112 §6.1)
  kHeadTooLong,
};

struct ResponseLimits {
  uint32_t headBytes = 64 * 1024;
  uint32_t fields = 500;
};

struct ResponseHead {
  uint16_t status = 0;
  bool http10 = false;
  bool keepAlive = true;
  bool chunked = false;
  bool hasContentLength = false;
  bool hasConnectionNames = false;
  uint64_t contentLength = 0;
  Span reason;
  std::vector<Field> fields;

  void clear();
};

class ResponseParser {
 public:
  explicit ResponseParser(const ResponseLimits& limits) : limits_(limits) {}

  // As RequestParser::parse. No leading CRLF is allowed. Whether a body follows at all (HEAD, 1xx, 204, 304) is for the
  // caller to know.
  ParseResult parse(char* bytes, size_t length, ResponseHead* head);
  size_t headLength() const { return at_; }
  ResponseRefusal refusal() const { return refusal_; }
  void reset();

 private:
  ParseResult refuse(ResponseRefusal refusal);
  ResponseRefusal statusLine(const char* bytes, size_t from, size_t to, ResponseHead* head);
  ResponseRefusal fieldLine(char* bytes, size_t from, size_t to, ResponseHead* head);

  ResponseLimits limits_;
  size_t at_ = 0;       // start of the line that is not complete yet
  size_t scanned_ = 0;  // bytes of it that hold no LF
  ConnectionOptions connection_;
  bool hasStatusLine_ = false;
  ResponseRefusal refusal_ = ResponseRefusal::kNone;
};

}  // namespace tidegate::http
