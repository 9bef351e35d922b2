// Ranges of addresses, and who called, when a request may have come through proxies that are trusted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidegate::governor {

class AddressRanges {
 public:
  // An address or a CIDR range. False: it is neither.
  bool add(const std::string& text);
  bool empty() const { return ranges_.empty(); }
  bool contains(const std::string& address) const;

 private:
  struct Range {
    uint8_t bytes[16];
    uint8_t size;
    uint8_t bits;
  };
  std::vector<Range> ranges_;
};

class TrustedProxies : public AddressRanges {
 public:
  bool trusts(const std::string& address) const { return contains(address); }
  // As createClientAddressResolver (src/data-plane/acceptor/client-address.ts) reads `X-Forwarded-For`: from right to
  // left, as far as the addresses on the way are trusted. `peer` is trusted.
  std::string resolve(const std::string& peer, std::string_view forwardedFor) const;
};

}  // namespace tidegate::governor
