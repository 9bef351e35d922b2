// Fields of a head as text.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidegate::governor {

// Of a whole number. printf takes ten times as long.
inline void appendNumber(std::string& text, double number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<int64_t>(number)).ptr;
  text.append(digits, static_cast<size_t>(end - digits));
}

inline void appendField(std::string& fields, std::string_view name, std::string_view value) {
  fields.append(name).append(": ").append(value).append("\r\n");
}

inline bool contains(const std::vector<std::string>& names, std::string_view name) {
  for (const std::string& one : names) {
    if (one == name) return true;
  }
  return false;
}

}  // namespace tidegate::governor
