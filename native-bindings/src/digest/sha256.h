// SHA-256 (FIPS 180-4) of short inputs: API keys are looked up by digest. CRC-32C of the journal's records.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tidegate::digest {

using Sha256 = std::array<uint8_t, 32>;

Sha256 sha256(const void* bytes, size_t length);

// CRC-32C (Castagnoli, RFC 3720 §12.1). With the processor's instruction where there is one. `seed`: 0, or the checksum
// of the bytes before these.
uint32_t crc32c(uint32_t seed, const void* bytes, size_t length);

// The same on any processor, without special instructions.
namespace portable {
Sha256 sha256(const void* bytes, size_t length);
uint32_t crc32c(uint32_t seed, const void* bytes, size_t length);
}  // namespace portable

}  // namespace tidegate::digest
