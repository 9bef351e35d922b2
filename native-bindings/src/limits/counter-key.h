// MurmurHash3_x64_128 with seed 0 (Austin Appleby's algorithm, public domain).
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "limits/shared-limits.h"

namespace tidegate::limits {

class Murmur3 {
 public:
  static CounterKey hash(std::string_view text) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    const size_t length = text.size();
    uint64_t first = 0;
    uint64_t second = 0;
    const size_t blocks = length / 16;
    for (size_t i = 0; i < blocks; ++i) {
      first ^= mixFirst(read64(bytes + i * 16));
      first = (rotate(first, 27) + second) * 5 + 0x52dce729;
      second ^= mixSecond(read64(bytes + i * 16 + 8));
      second = (rotate(second, 31) + first) * 5 + 0x38495ab5;
    }
    uint64_t tail[2] = {0, 0};
    for (size_t i = 0; i < length % 16; ++i) tail[i / 8] |= uint64_t{bytes[blocks * 16 + i]} << (i % 8 * 8);
    first ^= mixFirst(tail[0]);
    second ^= mixSecond(tail[1]);
    first ^= length;
    second ^= length;
    first += second;
    second += first;
    first = finish(first);
    second = finish(second);
    first += second;
    second += first;
    return {first, second};
  }

 private:
  static constexpr uint64_t kFirst = 0x87c37b91114253d5;
  static constexpr uint64_t kSecond = 0x4cf5ad432745937f;

  static uint64_t rotate(uint64_t value, int bits) { return (value << bits) | (value >> (64 - bits)); }
  static uint64_t mixFirst(uint64_t block) { return rotate(block * kFirst, 31) * kSecond; }
  static uint64_t mixSecond(uint64_t block) { return rotate(block * kSecond, 33) * kFirst; }

  static uint64_t finish(uint64_t value) {
    value = (value ^ (value >> 33)) * 0xff51afd7ed558ccd;
    value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53;
    return value ^ (value >> 33);
  }

  // Little-endian: all processes that share a segment run on one machine.
  static uint64_t read64(const unsigned char* bytes) {
    uint64_t value = 0;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
};

}  // namespace tidegate::limits
