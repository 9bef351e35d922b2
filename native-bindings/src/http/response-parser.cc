#include "response-parser.h"

#include <algorithm>
#include <cstring>

#include "characters.h"

namespace tidegate::http {

namespace {

ResponseRefusal responseRefusalOf(FieldFault fault) {
  switch (fault) {
    case FieldFault::kLine: return ResponseRefusal::kBadFieldLine;
    case FieldFault::kName: return ResponseRefusal::kBadFieldName;
    case FieldFault::kValue: return ResponseRefusal::kBadFieldValue;
    case FieldFault::kLineEnd: return ResponseRefusal::kBadLineEnd;
    case FieldFault::kNone: break;
  }
  return ResponseRefusal::kNone;
}

// HTTP-version (RFC 9112 §2.3).
ResponseRefusal readVersion(std::string_view version, ResponseHead* head) {
  if (version == "HTTP/1.1") return ResponseRefusal::kNone;
  if (version == "HTTP/1.0") {
    head->http10 = true;
    return ResponseRefusal::kNone;
  }
  constexpr std::string_view kName = "HTTP/";
  if (version.size() <= kName.size() || version.substr(0, kName.size()) != kName) {
    return ResponseRefusal::kBadStatusLine;
  }
  const bool isNumber = std::all_of(version.begin() + kName.size(), version.end(),
                                    [](unsigned char byte) { return isDigit(byte) || byte == '.'; });
  return isNumber ? ResponseRefusal::kBadVersion : ResponseRefusal::kBadStatusLine;
}

}  // namespace

void ResponseHead::clear() {
  status = 0;
  http10 = chunked = hasContentLength = hasConnectionNames = false;
  keepAlive = true;
  contentLength = 0;
  reason = Span();
  fields.clear();
}

void ResponseParser::reset() { *this = ResponseParser(limits_); }

ParseResult ResponseParser::refuse(ResponseRefusal refusal) {
  refusal_ = refusal;
  return ParseResult::kRefused;
}

ParseResult ResponseParser::parse(char* bytes, size_t length, ResponseHead* head) {
  if (refusal_ != ResponseRefusal::kNone) return ParseResult::kRefused;
  if (at_ == 0 && scanned_ == 0) head->clear();
  const size_t end = std::min<size_t>(length, limits_.headBytes);
  for (;;) {
    const size_t from = at_ + scanned_;
    const void* const found = end > from ? memchr(bytes + from, '\n', end - from) : nullptr;
    const size_t to = found == nullptr ? end : static_cast<size_t>(static_cast<const char*>(found) - bytes);

    // Limits first: they are passed at a certain byte, whether the line is complete by then or not.
    if (hasStatusLine_ && head->fields.size() >= limits_.fields && to > at_ && bytes[at_] != '\r') {
      return refuse(ResponseRefusal::kHeadTooLong);
    }
    if (found == nullptr) {
      scanned_ = to - at_;
      return end < limits_.headBytes ? ParseResult::kIncomplete : refuse(ResponseRefusal::kHeadTooLong);
    }

    if (to == at_ || bytes[to - 1] != '\r') return refuse(ResponseRefusal::kBadLineEnd);
    if (hasStatusLine_ && to - 1 == at_) {
      at_ = to + 1;
      scanned_ = 0;
      head->keepAlive = !connection_.close && (!head->http10 || connection_.keepAlive);
      head->hasConnectionNames = connection_.others;
      return ParseResult::kComplete;
    }
    const ResponseRefusal refusal =
        hasStatusLine_ ? fieldLine(bytes, at_, to - 1, head) : statusLine(bytes, at_, to - 1, head);
    if (refusal != ResponseRefusal::kNone) return refuse(refusal);
    hasStatusLine_ = true;
    at_ = to + 1;
    scanned_ = 0;
  }
}

// HTTP-version SP 3DIGIT SP [ reason-phrase ] (RFC 9112 §4). Servers are known to leave the last SP out with the
// reason.
ResponseRefusal ResponseParser::statusLine(const char* bytes, size_t from, size_t to, ResponseHead* head) {
  if (memchr(bytes + from, '\r', to - from) != nullptr) return ResponseRefusal::kBadLineEnd;
  const void* const space = memchr(bytes + from, ' ', to - from);
  if (space == nullptr) return ResponseRefusal::kBadStatusLine;
  size_t at = static_cast<size_t>(static_cast<const char*>(space) - bytes);
  const ResponseRefusal version = readVersion({bytes + from, at - from}, head);
  if (version != ResponseRefusal::kNone) return version;

  at++;
  if (to - at < 3) return ResponseRefusal::kBadStatusLine;
  for (const size_t digits = at + 3; at < digits; at++) {
    if (!isDigit(static_cast<unsigned char>(bytes[at]))) return ResponseRefusal::kBadStatusLine;
    head->status = static_cast<uint16_t>(head->status * 10 + (bytes[at] - '0'));
  }
  if (head->status < 100 || head->status > 599) return ResponseRefusal::kBadStatusLine;
  if (at < to && bytes[at++] != ' ') return ResponseRefusal::kBadStatusLine;
  if (!isFieldValue(bytes + at, to - at)) return ResponseRefusal::kBadStatusLine;
  head->reason = {static_cast<uint32_t>(at), static_cast<uint32_t>(to - at)};
  return ResponseRefusal::kNone;
}

ResponseRefusal ResponseParser::fieldLine(char* bytes, size_t from, size_t to, ResponseHead* head) {
  Field& field = head->fields.emplace_back();
  const FieldFault fault = readFieldLine(bytes, from, to, &field);
  if (fault != FieldFault::kNone) return responseRefusalOf(fault);
  const std::string_view value = field.value.in(bytes);
  if (field.id == FieldName::kConnection) {
    connection_.add(value);
  } else if (field.id == FieldName::kContentLength) {
    uint64_t length = 0;
    if (!readLength(value, &length)) return ResponseRefusal::kBadLength;
    if (head->hasContentLength && length != head->contentLength) return ResponseRefusal::kDuplicateLength;
    head->hasContentLength = true;
    head->contentLength = length;
  } else if (field.id == FieldName::kTransferEncoding) {
    if (head->http10 || head->chunked || !equalsIgnoringCase(value, "chunked")) {
      return ResponseRefusal::kBadTransferCoding;
    }
    head->chunked = true;
  } else {
    return ResponseRefusal::kNone;
  }
  return head->chunked && head->hasContentLength ? ResponseRefusal::kLengthAndChunked : ResponseRefusal::kNone;
}

}  // namespace tidegate::http
