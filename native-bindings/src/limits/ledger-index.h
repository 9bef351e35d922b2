// Which entries of a process's ledger are free, and which one a reservation has. In the process's own memory: nobody
// needs it when the process is gone.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "limits/segment.h"

namespace tidegate::limits {

class LedgerIndex {
 public:
  LedgerIndex() {
    heads_.fill(kNone);
    free_.reserve(kLedgerEntries);
    for (uint32_t entry = kLedgerEntries; entry > 0; --entry) free_.push_back(static_cast<uint16_t>(entry - 1));
  }

  // A free entry, or kNoLedger. It stays free until `add`.
  uint32_t peek() const { return free_.empty() ? kNoLedger : free_.back(); }

  // Takes the entry that `peek` told for the reservation.
  void add(CounterKey key, double amount, double reservedAtMs) {
    const uint16_t entry = free_.back();
    free_.pop_back();
    hashes_[entry] = hashOf(key, amount, reservedAtMs);
    uint16_t& head = heads_[hashes_[entry] % kHeads];
    next_[entry] = head;
    used_[entry] = true;
    head = entry;
  }

  // The entry of such a reservation, or kNoLedger. Of several alike, any.
  uint32_t find(CounterKey key, double amount, double reservedAtMs) const {
    const uint64_t hash = hashOf(key, amount, reservedAtMs);
    for (uint16_t entry = heads_[hash % kHeads]; entry != kNone; entry = next_[entry]) {
      if (hashes_[entry] == hash) return entry;
    }
    return kNoLedger;
  }

  // Whether it is the entry of such a reservation, and not of a later one.
  bool isOf(uint32_t entry, CounterKey key, double amount, double reservedAtMs) const {
    return entry < kLedgerEntries && used_[entry] && hashes_[entry] == hashOf(key, amount, reservedAtMs);
  }

  void remove(uint32_t entry) {
    uint16_t* link = &heads_[hashes_[entry] % kHeads];
    while (*link != entry) link = &next_[*link];
    *link = next_[entry];
    used_[entry] = false;
    free_.push_back(static_cast<uint16_t>(entry));
  }

 private:
  static constexpr uint16_t kNone = 0xffff;
  static constexpr uint32_t kHeads = 2 * kLedgerEntries;
  static_assert(kLedgerEntries < kNone);

  static uint64_t bitsOf(double number) {
    uint64_t bits = 0;
    std::memcpy(&bits, &number, sizeof bits);
    return bits;
  }

  static uint64_t hashOf(CounterKey key, double amount, double reservedAtMs) {
    uint64_t hash = key.low ^ (bitsOf(amount) * 0x9e3779b97f4a7c15) ^ (bitsOf(reservedAtMs) * 0xc2b2ae3d27d4eb4f);
    hash ^= hash >> 32;
    hash *= 0xd6e8feb86659fd93;
    return hash ^ (hash >> 32);
  }

  std::array<uint16_t, kHeads> heads_;
  std::array<uint16_t, kLedgerEntries> next_{};
  std::array<uint64_t, kLedgerEntries> hashes_{};
  std::array<bool, kLedgerEntries> used_{};
  std::vector<uint16_t> free_;
};

}  // namespace tidegate::limits
