// A hash table from SHA-256 digests: open addressing over entries that fill a cache line each, so that a look-up among a
// hundred thousand reads one. Nothing is taken out.
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "../digest/sha256.h"

namespace tidegate::governor {

// `Value`: isNone() tells of one made without arguments that it is none.
template <typename Value>
class DigestTable {
 public:
  // Brings what `find` will look at into the caches.
  void prefetch(const digest::Sha256& digest) const {
    if (!entries_.empty()) __builtin_prefetch(&entries_[hashOf(digest) & (entries_.size() - 1)]);
  }

  const Value* find(const digest::Sha256& digest) const {
    if (entries_.empty()) return nullptr;
    const Value& value = entries_[placeOf(digest)].value;
    return value.isNone() ? nullptr : &value;
  }

  size_t size() const { return size_; }

  // Replaces what was there.
  void put(const digest::Sha256& digest, Value value) {
    if ((size_ + 1) * 4 > entries_.size() * 3) grow();
    Entry& entry = entries_[placeOf(digest)];
    if (entry.value.isNone()) size_++;
    entry = {digest, std::move(value)};
  }

 private:
  struct alignas(64) Entry {
    digest::Sha256 digest{};
    Value value;
  };
  static_assert(sizeof(Entry) == 64);
  static constexpr size_t kFirstEntries = 64;

  // A digest is its own hash.
  static size_t hashOf(const digest::Sha256& digest) {
    size_t hash;
    std::memcpy(&hash, digest.data(), sizeof hash);
    return hash;
  }

  // The place of the digest, or the empty one where it belongs.
  size_t placeOf(const digest::Sha256& digest) const {
    const size_t mask = entries_.size() - 1;
    for (size_t at = hashOf(digest) & mask;; at = (at + 1) & mask) {
      const Entry& entry = entries_[at];
      if (entry.value.isNone() || entry.digest == digest) return at;
    }
  }

  void grow() {
    std::vector<Entry> old(entries_.empty() ? kFirstEntries : entries_.size() * 2);
    old.swap(entries_);
    for (Entry& entry : old) {
      if (!entry.value.isNone()) entries_[placeOf(entry.digest)] = std::move(entry);
    }
  }

  std::vector<Entry> entries_;
  size_t size_ = 0;
};

}  // namespace tidegate::governor
