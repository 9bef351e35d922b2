// The key that a request was sent with, or what may be one.
#pragma once

#include <cstdint>

#include "../digest/sha256.h"
#include "../http/fields.h"
#include "../server/exchange.h"

namespace tidegate::governor {

// Bits of the fields that keys are sent in.
constexpr uint16_t kXApiKey = 1;
constexpr uint16_t kXGoogApiKey = 2;
constexpr uint16_t kApiKey = 4;
constexpr uint16_t kAuthorization = 8;
// 0: no key is sent in it.
uint16_t credentialBit(http::FieldName name);

struct SentKey {
  enum class Kind : uint8_t { kNone, kOne, kUnclear };
  Kind kind = Kind::kNone;  // kUnclear: JavaScript has to say
  uint16_t field = 0;       // the bit of the field it was in
  digest::Sha256 digest{};
};

SentKey readKey(const server::Exchange& exchange);

}  // namespace tidegate::governor
