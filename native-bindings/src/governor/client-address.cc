#include "client-address.h"

#include <arpa/inet.h>

#include <cstring>

namespace tidegate::governor {

namespace {

struct Address {
  uint8_t bytes[16];
  uint8_t size = 0;  // 4, 16, or 0: no address
};

Address parse(const std::string& text) {
  Address address;
  if (inet_pton(AF_INET, text.c_str(), address.bytes) == 1) {
    address.size = 4;
  } else if (inet_pton(AF_INET6, text.c_str(), address.bytes) == 1) {
    address.size = 16;
    static constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::memcmp(address.bytes, kMapped, sizeof kMapped) == 0) {
      std::memmove(address.bytes, address.bytes + 12, 4);
      address.size = 4;
    }
  }
  return address;
}

std::string textOf(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(address.size == 4 ? AF_INET : AF_INET6, address.bytes, text, sizeof text);
  return text;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// `1.2.3.4:5678` and `[2001:db8::1]:5678` lose the port.
std::string_view withoutPort(std::string_view text) {
  if (!text.empty() && text.front() == '[') {
    const size_t end = text.find(']');
    return end == std::string_view::npos ? std::string_view() : text.substr(1, end - 1);
  }
  const size_t colon = text.find(':');
  return colon != std::string_view::npos && colon > 0 && colon == text.rfind(':') ? text.substr(0, colon) : text;
}

}  // namespace

bool AddressRanges::add(const std::string& text) {
  const size_t slash = text.find('/');
  const Address address = parse(text.substr(0, slash));
  if (address.size == 0) return false;
  Range range{};
  std::memcpy(range.bytes, address.bytes, address.size);
  range.size = address.size;
  range.bits = static_cast<uint8_t>(address.size * 8);
  if (slash != std::string::npos) range.bits = static_cast<uint8_t>(std::atoi(text.c_str() + slash + 1));
  ranges_.push_back(range);
  return true;
}

bool AddressRanges::contains(const std::string& text) const {
  const Address address = parse(text);
  if (address.size == 0) return false;
  for (const Range& range : ranges_) {
    if (range.size != address.size) continue;
    const size_t whole = range.bits / 8;
    if (std::memcmp(range.bytes, address.bytes, whole) != 0) continue;
    const uint8_t rest = range.bits % 8;
    if (rest == 0) return true;
    const uint8_t mask = static_cast<uint8_t>(0xff << (8 - rest));
    if ((range.bytes[whole] & mask) == (address.bytes[whole] & mask)) return true;
  }
  return false;
}

std::string TrustedProxies::resolve(const std::string& peer, std::string_view forwardedFor) const {
  std::string address = peer;
  std::string_view left = forwardedFor;
  bool more = true;
  while (more && trusts(address)) {
    const size_t comma = left.rfind(',');
    const std::string_view hop = trimmed(comma == std::string_view::npos ? left : left.substr(comma + 1));
    more = comma != std::string_view::npos;
    if (more) left = left.substr(0, comma);
    const Address parsed = parse(std::string(withoutPort(hop)));
    if (parsed.size == 0) break;
    address = textOf(parsed);
  }
  return address;
}

}  // namespace tidegate::governor
