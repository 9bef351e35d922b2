#include "digest/sha256.h"

#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#define TIDEGATE_HAS_X86 1
#endif

namespace tidegate::digest {

namespace {

constexpr size_t kBlockBytes = 64;

// Adds `blocks` blocks of 64 bytes to the eight words of a hash.
using Compress = void (*)(uint32_t* state, const uint8_t* bytes, size_t blocks);

// FIPS 180-4 §4.2.2.
alignas(16) constexpr uint32_t kRoundConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t rotateRight(uint32_t word, int bits) { return (word >> bits) | (word << (32 - bits)); }

uint32_t readBigEndian(const uint8_t* bytes) {
  return static_cast<uint32_t>(bytes[0]) << 24 | static_cast<uint32_t>(bytes[1]) << 16 |
         static_cast<uint32_t>(bytes[2]) << 8 | bytes[3];
}

void writeBigEndian(uint8_t* bytes, uint32_t word) {
  for (int i = 0; i < 4; i++) bytes[i] = static_cast<uint8_t>(word >> (24 - 8 * i));
}

// FIPS 180-4 §6.2.2.
void compressPortably(uint32_t* state, const uint8_t* bytes, size_t blocks) {
  for (; blocks > 0; blocks--, bytes += kBlockBytes) {
    uint32_t schedule[64];
    for (int t = 0; t < 16; t++) schedule[t] = readBigEndian(bytes + 4 * t);
    for (int t = 16; t < 64; t++) {
      const uint32_t w15 = schedule[t - 15];
      const uint32_t w2 = schedule[t - 2];
      const uint32_t sigma0 = rotateRight(w15, 7) ^ rotateRight(w15, 18) ^ (w15 >> 3);
      const uint32_t sigma1 = rotateRight(w2, 17) ^ rotateRight(w2, 19) ^ (w2 >> 10);
      schedule[t] = sigma1 + schedule[t - 7] + sigma0 + schedule[t - 16];
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int t = 0; t < 64; t++) {
      const uint32_t sum1 = rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25);
      const uint32_t first = h + sum1 + ((e & f) ^ (~e & g)) + kRoundConstants[t] + schedule[t];
      const uint32_t sum0 = rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22);
      const uint32_t second = sum0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g;
      g = f;
      f = e;
      e = d + first;
      d = c;
      c = b;
      b = a;
      a = first + second;
    }
    const uint32_t added[8] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; i++) state[i] += added[i];
  }
}

#if defined(TIDEGATE_HAS_X86)

// With the processor's SHA instructions. They hold the eight words as two registers: ABEF and CDGH.
__attribute__((target("sha,sse4.1,ssse3"))) void compressWithInstructions(uint32_t* state, const uint8_t* bytes,
                                                                          size_t blocks) {
  const __m128i swapBytes = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
  const __m128i dcba = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state));
  const __m128i hgfe = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state + 4));
  const __m128i cdab = _mm_shuffle_epi32(dcba, 0xb1);
  const __m128i efgh = _mm_shuffle_epi32(hgfe, 0x1b);
  __m128i abef = _mm_alignr_epi8(cdab, efgh, 8);
  __m128i cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
  for (; blocks > 0; blocks--, bytes += kBlockBytes) {
    const __m128i abefBefore = abef;
    const __m128i cdghBefore = cdgh;
    __m128i schedule[4];
    for (int i = 0; i < 4; i++) {
      schedule[i] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 16 * i)), swapBytes);
    }
    // Four rounds at a time.
    for (int group = 0; group < 16; group++) {
      const __m128i constants = _mm_load_si128(reinterpret_cast<const __m128i*>(kRoundConstants + 4 * group));
      const __m128i sum = _mm_add_epi32(schedule[0], constants);
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
      const __m128i w7 = _mm_alignr_epi8(schedule[3], schedule[2], 4);
      const __m128i partial = _mm_add_epi32(_mm_sha256msg1_epu32(schedule[0], schedule[1]), w7);
      const __m128i next = _mm_sha256msg2_epu32(partial, schedule[3]);
      schedule[0] = schedule[1];
      schedule[1] = schedule[2];
      schedule[2] = schedule[3];
      schedule[3] = next;
    }
    abef = _mm_add_epi32(abef, abefBefore);
    cdgh = _mm_add_epi32(cdgh, cdghBefore);
  }
  const __m128i feba = _mm_shuffle_epi32(abef, 0x1b);
  const __m128i dchg = _mm_shuffle_epi32(cdgh, 0xb1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state), _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

// CPUID leaf 7, EBX bit 29 (SHA); leaf 1, ECX bits 9 (SSSE3) and 19 (SSE4.1).
bool hasShaInstructions() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & (1u << 9)) == 0 || (c & (1u << 19)) == 0) return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & (1u << 29)) != 0;
}

Compress chooseCompress() { return hasShaInstructions() ? compressWithInstructions : compressPortably; }

#else

Compress chooseCompress() { return compressPortably; }

#endif

Sha256 hash(Compress compress, const void* bytes, size_t length) {
  // FIPS 180-4 §5.3.3.
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  const auto* at = static_cast<const uint8_t*>(bytes);
  const size_t whole = length / kBlockBytes;
  if (whole > 0) compress(state, at, whole);
  // §5.1.1: what is left, one bit, zeros, and the length in bits in the last eight bytes.
  uint8_t last[2 * kBlockBytes] = {};
  const size_t left = length % kBlockBytes;
  if (left > 0) std::memcpy(last, at + whole * kBlockBytes, left);
  last[left] = 0x80;
  const size_t lastBlocks = left < kBlockBytes - 8 ? 1 : 2;
  const uint64_t bits = static_cast<uint64_t>(length) * 8;
  uint8_t* const lengthAt = last + lastBlocks * kBlockBytes - 8;
  writeBigEndian(lengthAt, static_cast<uint32_t>(bits >> 32));
  writeBigEndian(lengthAt + 4, static_cast<uint32_t>(bits));
  compress(state, last, lastBlocks);
  Sha256 digest;
  for (size_t i = 0; i < 8; i++) writeBigEndian(digest.data() + 4 * i, state[i]);
  return digest;
}

// The polynomial 0x1edc6f41, its bits reversed.
struct CrcTable {
  uint32_t of[256] = {};
  constexpr CrcTable() {
    for (uint32_t byte = 0; byte < 256; byte++) {
      uint32_t remainder = byte;
      for (int bit = 0; bit < 8; bit++) remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? 0x82f63b78u : 0u);
      of[byte] = remainder;
    }
  }
};
constexpr CrcTable kCrcTable;

using Crc = uint32_t (*)(uint32_t seed, const void* bytes, size_t length);

#if defined(TIDEGATE_HAS_X86)

__attribute__((target("sse4.2"))) uint32_t crcWithInstruction(uint32_t seed, const void* bytes, size_t length) {
  const auto* at = static_cast<const uint8_t*>(bytes);
  uint64_t remainder = ~seed;
  for (; length >= 8; length -= 8, at += 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    remainder = _mm_crc32_u64(remainder, word);
  }
  auto rest = static_cast<uint32_t>(remainder);
  for (; length > 0; length--) rest = _mm_crc32_u8(rest, *at++);
  return ~rest;
}

Crc chooseCrc() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & (1u << 20)) != 0 ? crcWithInstruction : portable::crc32c;
}

#else

Crc chooseCrc() { return portable::crc32c; }

#endif

}  // namespace

// Asked once: in a virtual machine CPUID costs more than a digest.
Sha256 sha256(const void* bytes, size_t length) {
  static const Compress compress = chooseCompress();
  return hash(compress, bytes, length);
}

uint32_t crc32c(uint32_t seed, const void* bytes, size_t length) {
  static const Crc crc = chooseCrc();
  return crc(seed, bytes, length);
}

Sha256 portable::sha256(const void* bytes, size_t length) { return hash(compressPortably, bytes, length); }

uint32_t portable::crc32c(uint32_t seed, const void* bytes, size_t length) {
  const auto* at = static_cast<const uint8_t*>(bytes);
  uint32_t remainder = ~seed;
  for (; length > 0; length--) remainder = (remainder >> 8) ^ kCrcTable.of[(remainder ^ *at++) & 0xff];
  return ~remainder;
}

}  // namespace tidegate::digest
