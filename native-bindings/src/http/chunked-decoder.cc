#include "chunked-decoder.h"

#include <algorithm>

#include "characters.h"

namespace tidegate::http {

void ChunkedDecoder::reset() { *this = ChunkedDecoder(); }

ChunkedResult ChunkedDecoder::next(const char* input, size_t length, size_t* taken, const char** data,
                                   size_t* dataLength) {
  size_t at = 0;
  ChunkedResult result = ChunkedResult::kMore;
  while (at < length && state_ != State::kDone && state_ != State::kBroken) {
    if (state_ == State::kData) {
      const size_t piece = static_cast<size_t>(std::min<uint64_t>(left_, length - at));
      *data = input + at;
      *dataLength = piece;
      left_ -= piece;
      if (left_ == 0) state_ = State::kDataCr;
      *taken = at + piece;
      return ChunkedResult::kData;
    }
    state_ = step(input[at]);
    if (state_ != State::kBroken) at++;
  }
  if (state_ == State::kDone) result = ChunkedResult::kEnd;
  if (state_ == State::kBroken) result = ChunkedResult::kError;
  *taken = at;
  return result;
}

// The grammar of RFC 9112 §7.1, byte by byte:
//   chunk      = chunk-size *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ) CRLF data CRLF
//   last-chunk = 1*("0") [ extensions ] CRLF *( field-line CRLF ) CRLF
ChunkedDecoder::State ChunkedDecoder::step(char byte) {
  if (state_ <= State::kSizeLf) {
    if (++lineBytes_ > kMaxLineBytes) return State::kBroken;
  } else if (state_ >= State::kTrailerStart) {
    if (++trailerBytes_ > kMaxTrailerBytes) return State::kBroken;
  }
  switch (state_) {
    case State::kSize:
    case State::kSizeDigits: {
      const uint8_t digit = hexDigit(byte);
      if (digit != 0xff) {
        left_ = left_ * 16 + digit;
        return ++digits_ <= 15 ? State::kSizeDigits : State::kBroken;
      }
      if (digits_ == 0) return State::kBroken;
      [[fallthrough]];
    }
    case State::kAfterQuoted:
      if (byte == '\r') return State::kSizeLf;
      [[fallthrough]];
    case State::kBeforeSemicolon:
      if (isBlank(byte)) return State::kBeforeSemicolon;
      return byte == ';' ? State::kBeforeName : State::kBroken;

    case State::kBeforeName:
      if (isBlank(byte)) return State::kBeforeName;
      return isToken(byte) ? State::kName : State::kBroken;
    case State::kName:
      if (isToken(byte)) return State::kName;
      if (byte == '\r') return State::kSizeLf;
      [[fallthrough]];
    case State::kAfterName:
      if (isBlank(byte)) return State::kAfterName;
      if (byte == '=') return State::kBeforeValue;
      return byte == ';' ? State::kBeforeName : State::kBroken;
    case State::kBeforeValue:
      if (isBlank(byte)) return State::kBeforeValue;
      if (byte == '"') return State::kQuoted;
      return isToken(byte) ? State::kValue : State::kBroken;
    case State::kValue:
      if (isToken(byte)) return State::kValue;
      if (byte == '\r') return State::kSizeLf;
      if (isBlank(byte)) return State::kBeforeSemicolon;
      return byte == ';' ? State::kBeforeName : State::kBroken;
    case State::kQuoted:
      if (byte == '"') return State::kAfterQuoted;
      if (byte == '\\') return State::kQuotedPair;
      return isFieldValue(byte) ? State::kQuoted : State::kBroken;
    case State::kQuotedPair:
      return isFieldValue(byte) ? State::kQuoted : State::kBroken;

    case State::kSizeLf:
      if (byte != '\n') return State::kBroken;
      lineBytes_ = 0;
      digits_ = 0;
      return left_ == 0 ? State::kTrailerStart : State::kData;
    case State::kDataCr:
      return byte == '\r' ? State::kDataLf : State::kBroken;
    case State::kDataLf:
      return byte == '\n' ? State::kSize : State::kBroken;

    case State::kTrailerStart:
      if (byte == '\r') return State::kEndLf;
      return isToken(byte) ? State::kTrailerName : State::kBroken;
    case State::kTrailerName:
      if (byte == ':') return State::kTrailerValue;
      return isToken(byte) ? State::kTrailerName : State::kBroken;
    case State::kTrailerValue:
      if (byte == '\r') return State::kTrailerLf;
      return isFieldValue(byte) ? State::kTrailerValue : State::kBroken;
    case State::kTrailerLf:
      return byte == '\n' ? State::kTrailerStart : State::kBroken;
    case State::kEndLf:
      return byte == '\n' ? State::kDone : State::kBroken;

    case State::kData:
    case State::kDone:
    case State::kBroken:
      break;
  }
  return State::kBroken;
}

}  // namespace tidegate::http
