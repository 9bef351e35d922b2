// Places to cut an input at, derived from the input: the same input is always cut the same way.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tidegate::fuzz {

class Splits {
 public:
  Splits(const uint8_t* bytes, size_t length) {
    for (size_t at = 0; at < length; at++) state_ = (state_ ^ bytes[at]) * 0x100000001b3;
    state_ |= 1;
  }

  // Length of the next piece of `left` bytes: mostly short ones, where the states between bytes are.
  size_t next(size_t left) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    const size_t longest = state_ % 4 == 0 ? 64 : 7;
    const size_t piece = 1 + (state_ >> 8) % longest;
    return piece < left ? piece : left;
  }

 private:
  uint64_t state_ = 0xcbf29ce484222325;
};

}  // namespace tidegate::fuzz
