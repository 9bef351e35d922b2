#include "sent-key.h"

#include <string_view>

#include "../http/fields.h"

namespace tidegate::governor {

using http::FieldName;

namespace {

std::string_view bearerOf(std::string_view value) {
  static constexpr char kBearer[] = "bearer ";
  if (value.size() < 7) return {};
  for (size_t i = 0; i < 7; i++) {
    if ((value[i] | 0x20) != (kBearer[i] | 0x20)) return {};
  }
  value.remove_prefix(7);
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  return value;
}

}  // namespace

uint16_t credentialBit(FieldName name) {
  switch (name) {
    case FieldName::kXApiKey: return kXApiKey;
    case FieldName::kXGoogApiKey: return kXGoogApiKey;
    case FieldName::kApiKey: return kApiKey;
    case FieldName::kAuthorization: return kAuthorization;
    default: return 0;
  }
}

SentKey readKey(const server::Exchange& exchange) {
  SentKey key;
  for (const http::Field& field : exchange.head().fields) {
    const uint16_t bit = credentialBit(field.id);
    if (bit == 0) continue;
    std::string_view text = exchange.text(field.value);
    if (bit == kAuthorization) text = bearerOf(text);
    // More than one key: which of them counts, and which go on, is JavaScript's to say.
    bool unclear = key.kind != SentKey::Kind::kNone || text.empty();
    // Keys beyond ASCII are digested as UTF-8 text there.
    for (const char byte : text) unclear |= static_cast<signed char>(byte) < 0;
    if (unclear) {
      key.kind = SentKey::Kind::kUnclear;
      return key;
    }
    key.kind = SentKey::Kind::kOne;
    key.field = bit;
    key.digest = digest::sha256(text.data(), text.size());
  }
  return key;
}

}  // namespace tidegate::governor
