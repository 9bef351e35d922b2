// Searches for the bytes that end or begin something in JSON, 16 at a time where the processor can.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tidegate::scan {

// The first double quote from `at` on, or `end`.
inline const char* findQuote(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  for (; end - at >= 16; at += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(block, quote));
    if (mask != 0) return at + __builtin_ctz(static_cast<unsigned>(mask));
  }
#endif
  while (at < end && *at != '"') at++;
  return at;
}

// The first byte that needs a look within a JSON string: quote, backslash or control character; or `end`.
inline const char* findStringStop(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i highestControl = _mm_set1_epi8(0x1f);
  for (; end - at >= 16; at += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, highestControl), block);
    const __m128i other = _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash));
    const int mask = _mm_movemask_epi8(_mm_or_si128(control, other));
    if (mask != 0) return at + __builtin_ctz(static_cast<unsigned>(mask));
  }
#endif
  while (at < end && *at != '"' && *at != '\\' && static_cast<uint8_t>(*at) >= 0x20) at++;
  return at;
}

// The first quote from `at` on that is followed by `a`, `b` or `c`, or `end`.
inline const char* findQuoteBefore(const char* at, const char* end, char a, char b, char c) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i firstA = _mm_set1_epi8(a);
  const __m128i firstB = _mm_set1_epi8(b);
  const __m128i firstC = _mm_set1_epi8(c);
  for (; end - at >= 17; at += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i next = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 1));
    const __m128i wanted = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(next, firstA), _mm_cmpeq_epi8(next, firstB)),
                                        _mm_cmpeq_epi8(next, firstC));
    const int mask = _mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(block, quote), wanted));
    if (mask != 0) return at + __builtin_ctz(static_cast<unsigned>(mask));
  }
#endif
  for (; end - at >= 2; at++) {
    if (*at == '"' && (at[1] == a || at[1] == b || at[1] == c)) return at;
  }
  return end;
}

}  // namespace tidegate::scan
