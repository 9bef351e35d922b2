// Decoder of the chunked transfer coding (RFC 9112 §7.1), strict about line ends, sizes and terminators.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tidegate::http {

enum class ChunkedResult : uint8_t {
  kMore,   // all of the input is taken; more has to come
  kData,   // `data` holds a piece of the body; call again with what is left of the input
  kEnd,    // the trailer section is over; what is left of the input belongs to the next message
  kError,  // malformed, or a limit is passed
};

class ChunkedDecoder {
 public:
  // Bytes of one size line with its extensions and CRLF, and of the whole trailer section with its empty line.
  static constexpr uint32_t kMaxLineBytes = 4096;
  static constexpr uint32_t kMaxTrailerBytes = 16 * 1024;

  // Takes from `input` and says in `taken` how much; `data` points into `input` and is set with kData only.
  // Trailer fields are checked like fields of a head (token names, no control characters, no obs-fold) and dropped
  // (RFC 9112 §7.1.2). After kEnd and kError it takes nothing more until reset().
  ChunkedResult next(const char* input, size_t length, size_t* taken, const char** data, size_t* dataLength);

  void reset();

 private:
  enum class State : uint8_t {
    kSize, kSizeDigits, kBeforeSemicolon, kBeforeName, kName, kAfterName, kBeforeValue, kValue, kQuoted, kQuotedPair,
    kAfterQuoted, kSizeLf, kData, kDataCr, kDataLf, kTrailerStart, kTrailerName, kTrailerValue, kTrailerLf, kEndLf,
    kDone, kBroken,
  };

  // The state after one byte of the framing.
  State step(char byte);

  State state_ = State::kSize;
  uint64_t left_ = 0;
  uint32_t digits_ = 0;
  uint32_t lineBytes_ = 0;
  uint32_t trailerBytes_ = 0;
};

}  // namespace tidegate::http
