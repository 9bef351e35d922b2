// Numbers as text. printf takes ten times as long.
#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>

namespace tidegate::net {

class Digits {
 public:
  explicit Digits(uint64_t number, int base = 10) : end_(std::to_chars(text_, text_ + sizeof text_, number, base).ptr) {}
  std::string_view view() const { return {text_, static_cast<size_t>(end_ - text_)}; }

 private:
  char text_[24];
  char* end_;
};

}  // namespace tidegate::net
