// What both fuzz targets of heads do: parse whole and in pieces, and hold the results against each other.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/chunked-decoder.h"
#include "http/fields.h"
#include "http/request-parser.h"
#include "splits.h"

namespace tidegate::fuzz {

inline void require(bool truth) {
  if (!truth) abort();
}

// A verdict with the bytes it is about.
template <typename Head>
struct Parsed {
  http::ParseResult result = http::ParseResult::kIncomplete;
  int refusal = 0;
  size_t headLength = 0;
  size_t length = 0;
  std::unique_ptr<char[]> bytes;  // exactly as long as what was fed, so that a read behind it is found
  Head head;
};

template <typename Parser, typename Head, typename Limits>
Parsed<Head> parseWhole(const uint8_t* bytes, size_t length, const Limits& limits) {
  Parsed<Head> parsed;
  Parser parser(limits);
  parsed.length = length;
  parsed.bytes = std::make_unique<char[]>(length);
  std::copy_n(bytes, length, parsed.bytes.get());
  parsed.result = parser.parse(parsed.bytes.get(), length, &parsed.head);
  parsed.refusal = static_cast<int>(parser.refusal());
  parsed.headLength = parser.headLength();
  return parsed;
}

template <typename Parser, typename Head, typename Limits>
Parsed<Head> parseInPieces(const uint8_t* bytes, size_t length, const Limits& limits) {
  Parsed<Head> parsed;
  Parser parser(limits);
  Splits splits(bytes, length);
  while (parsed.length < length && parsed.result == http::ParseResult::kIncomplete) {
    const size_t piece = splits.next(length - parsed.length);
    auto longer = std::make_unique<char[]>(parsed.length + piece);
    std::copy_n(parsed.bytes.get(), parsed.length, longer.get());
    std::copy_n(bytes + parsed.length, piece, longer.get() + parsed.length);
    parsed.bytes = std::move(longer);
    parsed.length += piece;
    parsed.result = parser.parse(parsed.bytes.get(), parsed.length, &parsed.head);
  }
  parsed.refusal = static_cast<int>(parser.refusal());
  parsed.headLength = parser.headLength();
  return parsed;
}

inline void requireSame(http::Span one, http::Span other) {
  require(one.at == other.at && one.length == other.length);
}

// The verdicts are one, and so is what was read of a complete head.
template <typename Head>
void requireSameVerdict(const Parsed<Head>& whole, const Parsed<Head>& pieces) {
  require(whole.result == pieces.result && whole.refusal == pieces.refusal);
  require((whole.result == http::ParseResult::kRefused) == (whole.refusal != 0));
  if (whole.result != http::ParseResult::kComplete) return;
  require(whole.headLength == pieces.headLength && whole.headLength <= pieces.length);
  require(std::equal(whole.bytes.get(), whole.bytes.get() + whole.headLength, pieces.bytes.get()));
  const Head& one = whole.head;
  const Head& other = pieces.head;
  require(one.http10 == other.http10 && one.keepAlive == other.keepAlive && one.chunked == other.chunked);
  require(one.hasContentLength == other.hasContentLength && one.contentLength == other.contentLength);
  require(one.hasConnectionNames == other.hasConnectionNames);
  require(one.fields.size() == other.fields.size());
  for (size_t index = 0; index < one.fields.size(); index++) {
    requireSame(one.fields[index].name, other.fields[index].name);
    requireSame(one.fields[index].value, other.fields[index].value);
    require(one.fields[index].id == other.fields[index].id);
  }
}

inline std::string_view textOf(http::Span span, const char* bytes, size_t length) {
  require(span.at <= length && span.length <= length - span.at);
  return span.in(bytes);
}

inline bool hasControls(std::string_view text, bool blanksToo) {
  return std::any_of(text.begin(), text.end(), [blanksToo](unsigned char byte) {
    return byte == 0x7f || (byte < ' ' && byte != '\t') || (blanksToo && (byte == ' ' || byte == '\t'));
  });
}

// What holds of every head that is let through.
template <typename Head>
void requireSound(const Parsed<Head>& parsed) {
  const Head& head = parsed.head;
  const char* const bytes = parsed.bytes.get();
  require(parsed.headLength <= parsed.length && parsed.headLength >= 4);
  require(std::string_view(bytes + parsed.headLength - 4, 4) == "\r\n\r\n");
  require(!(head.chunked && (head.hasContentLength || head.http10)));
  size_t lengths = 0;
  size_t codings = 0;
  for (const http::Field& field : head.fields) {
    const std::string_view name = textOf(field.name, bytes, parsed.headLength);
    const std::string_view value = textOf(field.value, bytes, parsed.headLength);
    require(!name.empty() && !hasControls(name, true) && name.find(':') == std::string_view::npos);
    require(std::none_of(name.begin(), name.end(), [](char byte) { return byte >= 'A' && byte <= 'Z'; }));
    require(!hasControls(value, false));
    require(value.empty() || std::string_view(" \t").find(value.front()) == std::string_view::npos);
    require(value.empty() || std::string_view(" \t").find(value.back()) == std::string_view::npos);
    lengths += name == "content-length" ? 1 : 0;
    codings += name == "transfer-encoding" ? 1 : 0;
  }
  require((lengths > 0) == head.hasContentLength);
  require(codings == (head.chunked ? 1u : 0u));
}

struct Decoded {
  http::ChunkedResult result = http::ChunkedResult::kMore;
  size_t taken = 0;
  std::string body;
};

template <typename NextPiece>
Decoded decode(const uint8_t* bytes, size_t length, NextPiece nextPiece) {
  Decoded decoded;
  http::ChunkedDecoder decoder;
  while (decoded.taken < length && decoded.result == http::ChunkedResult::kMore) {
    const size_t piece = nextPiece(length - decoded.taken);
    auto input = std::make_unique<char[]>(piece);
    std::copy_n(bytes + decoded.taken, piece, input.get());
    size_t at = 0;
    do {
      const char* data = nullptr;
      size_t dataLength = 0;
      size_t taken = 0;
      decoded.result = decoder.next(input.get() + at, piece - at, &taken, &data, &dataLength);
      require(taken <= piece - at);
      if (decoded.result == http::ChunkedResult::kData) {
        require(dataLength > 0 && data >= input.get() + at && data + dataLength == input.get() + at + taken);
        decoded.body.append(data, dataLength);
      }
      at += taken;
    } while (decoded.result == http::ChunkedResult::kData);
    require(decoded.result != http::ChunkedResult::kMore || at == piece);
    decoded.taken += at;
  }
  return decoded;
}

// Decodes a chunked body whole and in pieces.
inline void checkChunked(const uint8_t* bytes, size_t length) {
  const Decoded whole = decode(bytes, length, [](size_t left) { return left; });
  Splits splits(bytes, length);
  const Decoded pieces = decode(bytes, length, [&splits](size_t left) { return splits.next(left); });
  require(whole.result == pieces.result && whole.taken == pieces.taken && whole.body == pieces.body);
}

}  // namespace tidegate::fuzz
