// Finds the boundaries of server-sent events in a stream of bytes, whatever pieces they arrive in.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tidegate::scan {

// Tells where events end: after an empty line. Lines end with LF or CRLF, as every provider sends them; a lone CR,
// which WHATWG HTML §9.2.5 also knows, is part of its line. Same boundaries as SseSplitter in
// src/data-plane/pipeline/ai/sse-splitter.ts gives.
class SseScanner {
 public:
  // Looks at `length` more bytes. Returns how many of them belong to the event that ends within them (its final empty
  // line included), or 0 when none ends; call again with the rest after a hit.
  size_t next(const char* bytes, size_t length);
  void reset() { state_ = State::kInLine; }

 private:
  enum class State : uint8_t { kInLine, kAfterLf, kAfterLfCr };
  State state_ = State::kInLine;
};

}  // namespace tidegate::scan
