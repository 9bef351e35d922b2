// Fields of a head as places within its bytes: nothing is copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tidegate::http {

// A part of a head, counted from its first byte.
struct Span {
  uint32_t at = 0;
  uint32_t length = 0;

  std::string_view in(const char* head) const { return {head + at, length}; }
};

// Names the gateway looks at itself. All others are kOther.
enum class FieldName : uint8_t {
  kOther,
  kApiKey,          // api-key
  kAuthorization,   // authorization
  kConnection,      // connection
  kContentLength,   // content-length
  kContentType,     // content-type
  kDate,            // date
  kExpect,          // expect
  kForwarded,       // forwarded
  kHost,            // host
  kKeepAlive,       // keep-alive
  kProxyAuthenticate,
  kProxyAuthorization,
  kProxyConnection,
  kTe,
  kTrailer,
  kTransferEncoding,
  kUpgrade,
  kXApiKey,         // x-api-key
  kXForwardedFor,
  kXForwardedHost,
  kXForwardedProto,
  kXGoogApiKey,     // x-goog-api-key
  kXRequestId,
};

struct Field {
  Span name;   // lower-cased in place
  Span value;  // without surrounding blanks
  FieldName id = FieldName::kOther;
};

// `name` in lower case.
FieldName fieldNameOf(std::string_view name);

// What is wrong with a field line; kNone if nothing is.
enum class FieldFault : uint8_t {
  kNone,
  kLine,     // no colon, a blank before it or at the start of the line (obs-fold), an empty name
  kName,     // not a token
  kValue,    // a control character
  kLineEnd,  // a CR within the line
};

// Reads the line in [from, to), without its CRLF (RFC 9112 §5). Lower-cases the name in place.
FieldFault readFieldLine(char* bytes, size_t from, size_t to, Field* field);

// What a Connection field lists (RFC 9110 §7.6.1).
struct ConnectionOptions {
  bool close = false;
  bool keepAlive = false;
  bool others = false;

  void add(std::string_view value);
};

// A decimal number of at most 15 digits, which JavaScript holds exactly. False: it is none.
bool readLength(std::string_view value, uint64_t* length);

// Whether both are the same but for the case of ASCII letters.
bool equalsIgnoringCase(std::string_view one, std::string_view other);

}  // namespace tidegate::http
