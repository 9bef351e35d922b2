// Classes of the bytes that a head is made of, as tables: one look-up per byte.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tidegate::http {

constexpr bool isDigit(unsigned char byte) { return byte >= '0' && byte <= '9'; }
constexpr bool isUpper(unsigned char byte) { return byte >= 'A' && byte <= 'Z'; }
constexpr bool isLetter(unsigned char byte) { return isUpper(byte) || (byte >= 'a' && byte <= 'z'); }
constexpr bool isBlank(unsigned char byte) { return byte == ' ' || byte == '\t'; }
constexpr unsigned char lower(unsigned char byte) { return isUpper(byte) ? byte + ('a' - 'A') : byte; }

constexpr bool isOneOf(unsigned char byte, const char* set) {
  for (; *set != '\0'; set++) {
    if (byte == static_cast<unsigned char>(*set)) return true;
  }
  return false;
}

template <typename Function>
constexpr std::array<uint8_t, 256> makeTable(Function classOf) {
  std::array<uint8_t, 256> table{};
  for (size_t byte = 0; byte < table.size(); byte++) table[byte] = classOf(static_cast<unsigned char>(byte));
  return table;
}

// tchar (RFC 9110 §5.6.2) in lower case; 0 for what a token can't hold.
inline constexpr auto kLowerToken = makeTable([](unsigned char byte) constexpr -> uint8_t {
  return isDigit(byte) || isLetter(byte) || isOneOf(byte, "!#$%&'*+-.^_`|~") ? lower(byte) : 0;
});

// What a field value, a reason phrase and a quoted string may hold: HTAB, SP, VCHAR, obs-text (RFC 9110 §5.5).
inline constexpr auto kFieldValue = makeTable([](unsigned char byte) constexpr -> uint8_t {
  return byte == '\t' || (byte >= ' ' && byte != 0x7f);
});

// Value of a hexadecimal digit; 0xff for other bytes.
inline constexpr auto kHexDigit = makeTable([](unsigned char byte) constexpr -> uint8_t {
  if (isDigit(byte)) return byte - '0';
  const unsigned char letter = lower(byte);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : 0xff;
});

inline bool isToken(char byte) { return kLowerToken[static_cast<unsigned char>(byte)] != 0; }
inline bool isFieldValue(char byte) { return kFieldValue[static_cast<unsigned char>(byte)] != 0; }
inline uint8_t hexDigit(char byte) { return kHexDigit[static_cast<unsigned char>(byte)]; }

// Whether all bytes may be in a field value. Eight at a time: values are most of a head.
inline bool isFieldValue(const char* bytes, size_t length) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighs = 0x8080808080808080;
  size_t at = 0;
  for (; at + 8 <= length; at += 8) {
    uint64_t word;
    memcpy(&word, bytes + at, 8);
    const uint64_t controls = (word - kOnes * 0x20) & ~word & kHighs;
    const uint64_t differing = word ^ (kOnes * 0x7f);
    const uint64_t deletes = (differing - kOnes) & ~differing & kHighs;
    if ((controls | deletes) == 0) continue;
    for (size_t byte = at; byte < at + 8; byte++) {
      if (!isFieldValue(bytes[byte])) return false;
    }
  }
  for (; at < length; at++) {
    if (!isFieldValue(bytes[at])) return false;
  }
  return true;
}

}  // namespace tidegate::http
