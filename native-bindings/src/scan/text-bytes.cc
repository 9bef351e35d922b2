#include "scan/text-bytes.h"

#include <array>
#include <cstdint>

namespace tidegate::scan {

namespace {

constexpr std::array<bool, 256> base64Letters() {
  std::array<bool, 256> is{};
  for (char letter = 'a'; letter <= 'z'; letter++) is[static_cast<uint8_t>(letter)] = true;
  for (char letter = 'A'; letter <= 'Z'; letter++) is[static_cast<uint8_t>(letter)] = true;
  for (char digit = '0'; digit <= '9'; digit++) is[static_cast<uint8_t>(digit)] = true;
  for (const char other : {'+', '/', '-', '_', '=', '\\'}) is[static_cast<uint8_t>(other)] = true;
  return is;
}

constexpr std::array<bool, 256> kIsBase64 = base64Letters();

}  // namespace

size_t textBytes(const char* bytes, size_t length) {
  size_t text = length;
  for (size_t at = 0; at < length;) {
    const size_t begin = at;
    while (at < length && kIsBase64[static_cast<uint8_t>(bytes[at])]) at++;
    if (at - begin >= kShortestMedia) text -= at - begin;
    at++;
  }
  return text;
}

}  // namespace tidegate::scan
