#include "fields.h"

#include <cstring>

#include "characters.h"

namespace tidegate::http {

namespace {

template <size_t Size>
bool is(std::string_view name, const char (&text)[Size]) {
  return memcmp(name.data(), text, Size - 1) == 0;
}

// Of a line that does not begin with `token ":"`; `at` is where the token ends.
FieldFault faultOf(const char* bytes, size_t from, size_t to, size_t at) {
  if (memchr(bytes + from, '\r', to - from) != nullptr) return FieldFault::kLineEnd;
  if (at == from && (at == to || isBlank(bytes[at]) || bytes[at] == ':')) return FieldFault::kLine;
  if (memchr(bytes + at, ':', to - at) == nullptr) return FieldFault::kLine;
  while (isBlank(bytes[at])) at++;
  return bytes[at] == ':' ? FieldFault::kLine : FieldFault::kName;
}

}  // namespace

FieldName fieldNameOf(std::string_view name) {
  switch (name.size()) {
    case 2:
      if (is(name, "te")) return FieldName::kTe;
      break;
    case 4:
      if (is(name, "host")) return FieldName::kHost;
      if (is(name, "date")) return FieldName::kDate;
      break;
    case 6:
      if (is(name, "expect")) return FieldName::kExpect;
      break;
    case 7:
      if (is(name, "api-key")) return FieldName::kApiKey;
      if (is(name, "upgrade")) return FieldName::kUpgrade;
      if (is(name, "trailer")) return FieldName::kTrailer;
      break;
    case 9:
      if (is(name, "x-api-key")) return FieldName::kXApiKey;
      if (is(name, "forwarded")) return FieldName::kForwarded;
      break;
    case 10:
      if (is(name, "connection")) return FieldName::kConnection;
      if (is(name, "keep-alive")) return FieldName::kKeepAlive;
      break;
    case 12:
      if (is(name, "content-type")) return FieldName::kContentType;
      if (is(name, "x-request-id")) return FieldName::kXRequestId;
      break;
    case 13:
      if (is(name, "authorization")) return FieldName::kAuthorization;
      break;
    case 14:
      if (is(name, "content-length")) return FieldName::kContentLength;
      if (is(name, "x-goog-api-key")) return FieldName::kXGoogApiKey;
      break;
    case 15:
      if (is(name, "x-forwarded-for")) return FieldName::kXForwardedFor;
      break;
    case 16:
      if (is(name, "x-forwarded-host")) return FieldName::kXForwardedHost;
      if (is(name, "proxy-connection")) return FieldName::kProxyConnection;
      break;
    case 17:
      if (is(name, "transfer-encoding")) return FieldName::kTransferEncoding;
      if (is(name, "x-forwarded-proto")) return FieldName::kXForwardedProto;
      break;
    case 18:
      if (is(name, "proxy-authenticate")) return FieldName::kProxyAuthenticate;
      break;
    case 19:
      if (is(name, "proxy-authorization")) return FieldName::kProxyAuthorization;
      break;
    default:
      break;
  }
  return FieldName::kOther;
}

FieldFault readFieldLine(char* bytes, size_t from, size_t to, Field* field) {
  size_t at = from;
  for (; at < to; at++) {
    const uint8_t byte = kLowerToken[static_cast<unsigned char>(bytes[at])];
    if (byte == 0) break;
    bytes[at] = static_cast<char>(byte);
  }
  if (at == from || at == to || bytes[at] != ':') return faultOf(bytes, from, to, at);
  field->name = {static_cast<uint32_t>(from), static_cast<uint32_t>(at - from)};
  field->id = fieldNameOf(field->name.in(bytes));

  size_t begin = at + 1;
  size_t end = to;
  while (begin < end && isBlank(bytes[begin])) begin++;
  while (end > begin && isBlank(bytes[end - 1])) end--;
  if (!isFieldValue(bytes + begin, end - begin)) {
    return memchr(bytes + begin, '\r', end - begin) != nullptr ? FieldFault::kLineEnd : FieldFault::kValue;
  }
  field->value = {static_cast<uint32_t>(begin), static_cast<uint32_t>(end - begin)};
  return FieldFault::kNone;
}

void ConnectionOptions::add(std::string_view value) {
  while (!value.empty()) {
    const size_t comma = value.find(',');
    std::string_view option = value.substr(0, comma);
    value = comma == std::string_view::npos ? std::string_view() : value.substr(comma + 1);
    while (!option.empty() && isBlank(option.front())) option.remove_prefix(1);
    while (!option.empty() && isBlank(option.back())) option.remove_suffix(1);
    if (option.empty()) continue;  // RFC 9110 §5.6.1.2: empty list elements are ignored
    if (equalsIgnoringCase(option, "close")) {
      close = true;
    } else if (equalsIgnoringCase(option, "keep-alive")) {
      keepAlive = true;
    } else {
      others = true;
    }
  }
}

bool readLength(std::string_view value, uint64_t* length) {
  if (value.empty() || value.size() > 15) return false;
  uint64_t number = 0;
  for (const char byte : value) {
    if (!isDigit(static_cast<unsigned char>(byte))) return false;
    number = number * 10 + static_cast<uint64_t>(byte - '0');
  }
  *length = number;
  return true;
}

bool equalsIgnoringCase(std::string_view one, std::string_view other) {
  if (one.size() != other.size()) return false;
  for (size_t at = 0; at < one.size(); at++) {
    if (lower(static_cast<unsigned char>(one[at])) != lower(static_cast<unsigned char>(other[at]))) return false;
  }
  return true;
}

}  // namespace tidegate::http
