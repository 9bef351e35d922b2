#include "scan/sse-scan.h"

#include <cstring>

namespace tidegate::scan {

size_t SseScanner::next(const char* bytes, size_t length) {
  const char* at = bytes;
  const char* const end = bytes + length;
  while (at < end) {
    if (state_ == State::kInLine) {
      const void* lineFeed = std::memchr(at, '\n', static_cast<size_t>(end - at));
      if (lineFeed == nullptr) return 0;
      at = static_cast<const char*>(lineFeed) + 1;
      state_ = State::kAfterLf;
      continue;
    }
    const char next = *at++;
    if (next == '\n') {
      state_ = State::kInLine;
      return static_cast<size_t>(at - bytes);
    }
    state_ = state_ == State::kAfterLf && next == '\r' ? State::kAfterLfCr : State::kInLine;
  }
  return 0;
}

}  // namespace tidegate::scan
