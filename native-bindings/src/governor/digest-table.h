// A hash table from SHA-256 digests: open addressing over 8-byte slots, so that a look-up among a hundred thousand reads two
// cache lines. Nothing is taken out.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "../digest/sha256.h"

namespace tidegate::governor {

template <typename Value>
class DigestTable {
 public:
  void reserve(size_t count) {
    entries_.reserve(count);
    while (count * 2 > slots_.size()) grow();
  }

  const Value* find(const digest::Sha256& digest) const {
    if (slots_.empty()) return nullptr;
    const Slot& slot = slots_[placeOf(digest)];
    return slot.entry == kNone ? nullptr : &entries_[slot.entry].value;
  }

  size_t size() const { return entries_.size(); }

  // Replaces what was there.
  void put(const digest::Sha256& digest, const Value& value) {
    if ((entries_.size() + 1) * 2 > slots_.size()) grow();
    Slot& slot = slots_[placeOf(digest)];
    if (slot.entry != kNone) {
      entries_[slot.entry].value = value;
      return;
    }
    slot = {tagOf(digest), static_cast<uint32_t>(entries_.size())};
    entries_.push_back({digest, value});
  }

 private:
  struct Slot {
    uint32_t tag = 0;
    uint32_t entry = kNone;
  };
  // One cache line of its own: most look-ups among very many are the first in a while.
  struct alignas(64) Entry {
    digest::Sha256 digest;
    Value value;
  };
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr size_t kFirstSlots = 64;

  // A digest is its own hash.
  static size_t hashOf(const digest::Sha256& digest) {
    size_t hash;
    std::memcpy(&hash, digest.data(), sizeof hash);
    return hash;
  }

  static uint32_t tagOf(const digest::Sha256& digest) {
    uint32_t tag;
    std::memcpy(&tag, digest.data() + sizeof(size_t), sizeof tag);
    return tag;
  }

  // The slot of the digest, or the empty one where it belongs.
  size_t placeOf(const digest::Sha256& digest) const {
    const size_t mask = slots_.size() - 1;
    for (size_t at = hashOf(digest) & mask;; at = (at + 1) & mask) {
      const Slot& slot = slots_[at];
      if (slot.entry == kNone || (slot.tag == tagOf(digest) && entries_[slot.entry].digest == digest)) return at;
    }
  }

  void grow() {
    std::vector<Slot> old(slots_.empty() ? kFirstSlots : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.entry != kNone) slots_[placeOf(entries_[slot.entry].digest)] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::vector<Entry> entries_;
};

}  // namespace tidegate::governor
