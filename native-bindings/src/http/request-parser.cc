#include "request-parser.h"

#include <algorithm>
#include <cstring>

#include "characters.h"

namespace tidegate::http {

namespace {

enum PathByte : uint8_t { kPlain, kSlash, kPercent, kQuestion, kForbidden };

// Visible ASCII without fragment and backslash, which some read as a slash.
constexpr auto kPath = makeTable([](unsigned char byte) constexpr -> uint8_t {
  if (byte == '/') return kSlash;
  if (byte == '?') return kQuestion;
  if (byte == '%') return kPercent;
  return byte > ' ' && byte < 0x7f && byte != '#' && byte != '\\' ? kPlain : kForbidden;
});

constexpr auto kQuery = makeTable([](unsigned char byte) constexpr -> uint8_t {
  return byte > ' ' && byte < 0x7f && byte != '#';
});

// reg-name (RFC 3986 §3.2.2).
constexpr auto kRegName = makeTable([](unsigned char byte) constexpr -> uint8_t {
  return isDigit(byte) || isLetter(byte) || isOneOf(byte, "._~!$&'()*+,;=%-");
});

Span spanOf(size_t from, size_t to) { return {static_cast<uint32_t>(from), static_cast<uint32_t>(to - from)}; }

// `%2F` or `%5C` at `at`: some servers decode before they resolve, nginx among them.
bool isEncodedSlash(const char* bytes, size_t at, size_t to) {
  if (to - at < 3 || bytes[at] != '%') return false;
  const char last = static_cast<char>(bytes[at + 2] | 0x20);
  return (bytes[at + 1] == '2' && last == 'f') || (bytes[at + 1] == '5' && last == 'c');
}

// Whether the segment at `at` is `.` or `..`, plain or percent-encoded: what is checked here and what an upstream
// resolves must be one path (RFC 3986 §5.2.4). What follows `;` is no part of a segment's name to some (§3.3).
bool isDotSegment(const char* bytes, size_t at, size_t to) {
  int dots = 0;
  for (; at < to && dots <= 2; dots++) {
    if (bytes[at] == '.') {
      at++;
    } else if (to - at >= 3 && bytes[at] == '%' && bytes[at + 1] == '2' && (bytes[at + 2] | 0x20) == 'e') {
      at += 3;
    } else {
      break;
    }
  }
  return dots >= 1 && dots <= 2 && (at == to || bytes[at] == '/' || bytes[at] == '?' || bytes[at] == ';' || isEncodedSlash(bytes, at, to));
}

// Path and query in [from, to), which begins with `/`, `?` or is empty.
bool readPath(const char* bytes, size_t from, size_t to, RequestHead* head) {
  size_t at = from;
  for (; at < to; at++) {
    const uint8_t kind = kPath[static_cast<unsigned char>(bytes[at])];
    if (kind == kPlain) continue;
    if (kind == kQuestion) break;
    if (kind == kPercent) {
      if (isEncodedSlash(bytes, at, to) && isDotSegment(bytes, at + 3, to)) return false;
      continue;
    }
    if (kind == kForbidden || isDotSegment(bytes, at + 1, to)) return false;
  }
  head->path = spanOf(from, at);
  if (at == to) return true;
  head->query = spanOf(at + 1, to);
  for (at++; at < to; at++) {
    if (kQuery[static_cast<unsigned char>(bytes[at])] == 0) return false;
  }
  return true;
}

// uri-host [ ":" port ] (RFC 9110 §7.2). `nameLength`: of the host without port and without the dot that may end a
// complete domain name (RFC 1034 §3.1).
bool readAuthority(std::string_view value, size_t* nameLength) {
  size_t at = 0;
  if (!value.empty() && value[0] == '[') {
    at++;
    while (at < value.size() && (hexDigit(value[at]) != 0xff || value[at] == ':' || value[at] == '.')) at++;
    if (at == 1 || at == value.size() || value[at] != ']') return false;
    at++;
  } else {
    while (at < value.size() && kRegName[static_cast<unsigned char>(value[at])] != 0) at++;
  }
  *nameLength = at > 0 && value[at - 1] == '.' ? at - 1 : at;
  if (at == value.size()) return true;
  if (value[at] != ':') return false;
  return std::all_of(value.begin() + at + 1, value.end(), [](unsigned char byte) { return isDigit(byte); });
}

void lowerCase(char* bytes, Span span) {
  for (uint32_t at = span.at; at < span.at + span.length; at++) {
    bytes[at] = static_cast<char>(lower(static_cast<unsigned char>(bytes[at])));
  }
}

// The place after `http://` or `https://`; 0 if it is neither.
size_t afterScheme(const char* bytes, size_t from, size_t to) {
  for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
    if (to - from >= scheme.size() && equalsIgnoringCase({bytes + from, scheme.size()}, scheme)) {
      return from + scheme.size();
    }
  }
  return 0;
}

// HTTP-version (RFC 9112 §2.3).
RequestRefusal readVersion(std::string_view version, RequestHead* head) {
  if (version == "HTTP/1.1") return RequestRefusal::kNone;
  if (version == "HTTP/1.0") {
    head->http10 = true;
    return RequestRefusal::kNone;
  }
  constexpr std::string_view kName = "HTTP/";
  if (version.size() <= kName.size() || version.substr(0, kName.size()) != kName) {
    return RequestRefusal::kBadRequestLine;
  }
  const bool isNumber = std::all_of(version.begin() + kName.size(), version.end(),
                                    [](unsigned char byte) { return isDigit(byte) || byte == '.'; });
  return isNumber ? RequestRefusal::kBadVersion : RequestRefusal::kBadRequestLine;
}

RequestRefusal requestRefusalOf(FieldFault fault) {
  switch (fault) {
    case FieldFault::kLine: return RequestRefusal::kBadFieldLine;
    case FieldFault::kName: return RequestRefusal::kBadFieldName;
    case FieldFault::kValue: return RequestRefusal::kBadFieldValue;
    case FieldFault::kLineEnd: return RequestRefusal::kBadLineEnd;
    case FieldFault::kNone: break;
  }
  return RequestRefusal::kNone;
}

}  // namespace

void RequestHead::clear() {
  method = target = path = query = host = hostName = Span();
  absoluteForm = http10 = chunked = hasContentLength = expectContinue = hasConnectionNames = false;
  keepAlive = true;
  contentLength = 0;
  fields.clear();
}

void RequestParser::reset() { *this = RequestParser(limits_); }

ParseResult RequestParser::refuse(RequestRefusal refusal) {
  refusal_ = refusal;
  return ParseResult::kRefused;
}

ParseResult RequestParser::parse(char* bytes, size_t length, RequestHead* head) {
  if (refusal_ != RequestRefusal::kNone) return ParseResult::kRefused;
  if (!begun()) head->clear();
  const size_t end = std::min<size_t>(length, limits_.headBytes);
  for (;;) {
    const size_t from = at_ + scanned_;
    const void* const found = end > from ? memchr(bytes + from, '\n', end - from) : nullptr;
    const size_t to = found == nullptr ? end : static_cast<size_t>(static_cast<const char*>(found) - bytes);

    // Limits first: they are passed at a certain byte, whether the line is complete by then or not.
    if (!hasRequestLine_) {
      if (!findTarget(bytes, from, to)) return refuse(RequestRefusal::kTargetTooLong);
    } else if (head->fields.size() >= limits_.fields && to > at_ && bytes[at_] != '\r') {
      return refuse(RequestRefusal::kHeadTooLong);
    }
    if (found == nullptr) {
      scanned_ = to - at_;
      if (end < limits_.headBytes) return ParseResult::kIncomplete;
      return refuse(hasRequestLine_ ? RequestRefusal::kHeadTooLong : RequestRefusal::kTargetTooLong);
    }

    if (to == at_ || bytes[to - 1] != '\r') return refuse(RequestRefusal::kBadLineEnd);
    RequestRefusal refusal = RequestRefusal::kNone;
    if (to - 1 > at_) {
      refusal = hasRequestLine_ ? fieldLine(bytes, at_, to - 1, head) : requestLine(bytes, at_, to - 1, head);
      hasRequestLine_ = true;
    } else if (hasRequestLine_) {
      refusal = finish(bytes, head);
      if (refusal != RequestRefusal::kNone) return refuse(refusal);
      at_ = to + 1;
      scanned_ = 0;
      return ParseResult::kComplete;
    } else if (++emptyLines_ > 2) {
      refusal = RequestRefusal::kBadRequestLine;
    }
    if (refusal != RequestRefusal::kNone) return refuse(refusal);
    at_ = to + 1;
    scanned_ = 0;
  }
}

bool RequestParser::findTarget(const char* bytes, size_t from, size_t to) {
  if (targetAt_ == 0) {
    const void* const space = to > from ? memchr(bytes + from, ' ', to - from) : nullptr;
    if (space == nullptr) return true;
    from = targetAt_ = static_cast<size_t>(static_cast<const char*>(space) - bytes) + 1;
  }
  if (targetEnd_ == 0) {
    const void* const space = to > from ? memchr(bytes + from, ' ', to - from) : nullptr;
    if (space != nullptr) targetEnd_ = static_cast<size_t>(static_cast<const char*>(space) - bytes);
  }
  return (targetEnd_ == 0 ? to : targetEnd_) - targetAt_ <= limits_.targetBytes;
}

// method SP request-target SP HTTP-version (RFC 9112 §3)
RequestRefusal RequestParser::requestLine(const char* bytes, size_t from, size_t to, RequestHead* head) {
  if (memchr(bytes + from, '\r', to - from) != nullptr) return RequestRefusal::kBadLineEnd;
  if (targetEnd_ == 0 || targetAt_ - 1 == from || targetAt_ == targetEnd_) return RequestRefusal::kBadRequestLine;
  head->method = spanOf(from, targetAt_ - 1);
  head->target = spanOf(targetAt_, targetEnd_);

  const std::string_view method = head->method.in(bytes);
  if (!std::all_of(method.begin(), method.end(), isToken)) return RequestRefusal::kBadMethod;
  const RequestRefusal version = readVersion({bytes + targetEnd_ + 1, to - targetEnd_ - 1}, head);
  if (version != RequestRefusal::kNone) return version;
  // In any case: a server that ignores it would turn the connection into a tunnel.
  if (equalsIgnoringCase(method, "connect")) return RequestRefusal::kBadMethod;

  if (bytes[targetAt_] == '/') {
    return readPath(bytes, targetAt_, targetEnd_, head) ? RequestRefusal::kNone : RequestRefusal::kBadTarget;
  }
  if (head->target.length == 1 && bytes[targetAt_] == '*' && method == "OPTIONS") {
    head->path = head->target;
    return RequestRefusal::kNone;
  }
  return absoluteForm(bytes, head) ? RequestRefusal::kNone : RequestRefusal::kBadTarget;
}

// `http://authority/path?query` (RFC 9112 §3.2.2, RFC 9110 §4.2.1: never without a host, nor with user information)
bool RequestParser::absoluteForm(const char* bytes, RequestHead* head) {
  const size_t begin = afterScheme(bytes, targetAt_, targetEnd_);
  if (begin == 0) return false;
  size_t end = begin;
  while (end < targetEnd_ && bytes[end] != '/' && bytes[end] != '?') end++;
  authority_ = spanOf(begin, end);
  size_t nameLength = 0;
  if (!readAuthority(authority_.in(bytes), &nameLength) || nameLength == 0) return false;
  if (!readPath(bytes, end, targetEnd_, head)) return false;
  if (head->path.length == 0) {
    // `OPTIONS http://host` means `OPTIONS *` (RFC 9112 §3.2.4), but not to everybody.
    if (head->query.length == 0 && head->method.in(bytes) == "OPTIONS") return false;
    // An empty path is `/` (RFC 9110 §4.2.3): the last slash of the scheme stands for it.
    head->path = spanOf(begin - 1, begin);
  }
  head->absoluteForm = true;
  return true;
}

RequestRefusal RequestParser::fieldLine(char* bytes, size_t from, size_t to, RequestHead* head) {
  Field& field = head->fields.emplace_back();
  const FieldFault fault = readFieldLine(bytes, from, to, &field);
  if (fault != FieldFault::kNone) return requestRefusalOf(fault);
  switch (field.id) {
    case FieldName::kContentLength: return lengthField(field.value.in(bytes), head);
    case FieldName::kTransferEncoding: return transferEncodingField(field.value.in(bytes), head);
    case FieldName::kHost: return hostField(bytes, field.value, head);
    case FieldName::kExpect: return expectField(field.value.in(bytes), head);
    case FieldName::kConnection: connection_.add(field.value.in(bytes)); break;
    default: break;
  }
  return RequestRefusal::kNone;
}

// RFC 9112 §6.3 allows to take equal lengths as one; here a request with several is never let in.
RequestRefusal RequestParser::lengthField(std::string_view value, RequestHead* head) {
  if (head->hasContentLength || value.find(',') != std::string_view::npos) return RequestRefusal::kDuplicateLength;
  if (!readLength(value, &head->contentLength)) return RequestRefusal::kBadLength;
  head->hasContentLength = true;
  return head->chunked ? RequestRefusal::kLengthAndChunked : RequestRefusal::kNone;
}

RequestRefusal RequestParser::transferEncodingField(std::string_view value, RequestHead* head) {
  if (head->http10) return RequestRefusal::kChunkedInHttp10;
  if (head->chunked || !equalsIgnoringCase(value, "chunked")) return RequestRefusal::kBadTransferCoding;
  head->chunked = true;
  return head->hasContentLength ? RequestRefusal::kLengthAndChunked : RequestRefusal::kNone;
}

RequestRefusal RequestParser::hostField(char* bytes, Span value, RequestHead* head) {
  if (hasHost_) return RequestRefusal::kDuplicateHost;
  hasHost_ = true;
  size_t nameLength = 0;
  if (!readAuthority(value.in(bytes), &nameLength)) return RequestRefusal::kBadHost;
  head->host = value;
  head->hostName = spanOf(value.at, value.at + nameLength);
  lowerCase(bytes, head->hostName);
  return RequestRefusal::kNone;
}

// RFC 9110 §10.1.1: in HTTP/1.0 the expectation to continue means nothing.
RequestRefusal RequestParser::expectField(std::string_view value, RequestHead* head) {
  if (hasExpectation_ || !equalsIgnoringCase(value, "100-continue")) return RequestRefusal::kBadExpectation;
  hasExpectation_ = true;
  head->expectContinue = !head->http10;
  return RequestRefusal::kNone;
}

RequestRefusal RequestParser::finish(char* bytes, RequestHead* head) {
  if (!hasHost_ && !head->http10) return RequestRefusal::kMissingHost;
  if (head->absoluteForm) {
    if (!hasHost_) {
      size_t nameLength = 0;
      readAuthority(authority_.in(bytes), &nameLength);
      head->host = authority_;
      head->hostName = spanOf(authority_.at, authority_.at + nameLength);
      lowerCase(bytes, head->hostName);
    } else if (!equalsIgnoringCase(authority_.in(bytes), head->host.in(bytes))) {
      return RequestRefusal::kBadHost;
    }
  }
  head->keepAlive = !connection_.close && (!head->http10 || connection_.keepAlive);
  head->hasConnectionNames = connection_.others;
  return RequestRefusal::kNone;
}

}  // namespace tidegate::http
