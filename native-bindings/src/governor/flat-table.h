// A hash table from short byte strings to pointers: open addressing, no allocation to look up, nothing is taken out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace tidegate::governor {

// Well mixed, not keyed: keys are either made by us or bounded in number.
inline uint64_t hashOf(std::string_view key) {
  uint64_t hash = 0x9e3779b97f4a7c15ull ^ key.size();
  const char* at = key.data();
  size_t left = key.size();
  auto mix = [&hash](uint64_t word) {
    hash ^= word;
    hash *= 0xff51afd7ed558ccdull;
    hash ^= hash >> 32;
  };
  while (left >= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    mix(word);
    at += 8;
    left -= 8;
  }
  uint64_t rest = 0;
  if (left > 0) std::memcpy(&rest, at, left);
  mix(rest);
  return hash;
}

// A look-up reads a slot of 8 bytes, and of a key that is there one stretch of memory with its value: with ten thousand
// keys in use, the slots stay in a core's cache.
template <typename Value>
class FlatTable {
 public:
  Value* find(std::string_view key) const {
    if (slots_.empty()) return nullptr;
    const Slot& slot = slots_[placeOf(key)];
    return slot.entry == kNone ? nullptr : valueAt(slot.entry);
  }

  // Replaces what was there.
  void put(std::string_view key, Value* value) {
    if ((count_ + 1) * 2 > slots_.size()) grow();
    Slot& slot = slots_[placeOf(key)];
    if (slot.entry == kNone) {
      slot = {tagOf(hashOf(key)), addEntry(key)};
      count_++;
    }
    std::memcpy(&entries_[size_t{slot.entry} * kStep], &value, sizeof value);
  }

  size_t size() const { return count_; }

 private:
  struct Slot {
    uint32_t tag = 0;
    uint32_t entry = kNone;
  };
  static constexpr uint32_t kNone = UINT32_MAX;
  // An entry: value, length of the key, key; its place is counted in steps.
  static constexpr size_t kStep = 8;
  static constexpr size_t kLengthAt = sizeof(Value*);
  static constexpr size_t kKeyAt = kLengthAt + sizeof(uint32_t);

  static uint32_t tagOf(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }

  Value* valueAt(uint32_t entry) const {
    Value* value;
    std::memcpy(&value, &entries_[size_t{entry} * kStep], sizeof value);
    return value;
  }

  std::string_view keyAt(uint32_t entry) const {
    const char* at = &entries_[size_t{entry} * kStep];
    uint32_t length;
    std::memcpy(&length, at + kLengthAt, sizeof length);
    return {at + kKeyAt, length};
  }

  uint32_t addEntry(std::string_view key) {
    const auto entry = static_cast<uint32_t>(entries_.size() / kStep);
    const auto length = static_cast<uint32_t>(key.size());
    entries_.resize(entries_.size() + (kKeyAt + key.size() + kStep - 1) / kStep * kStep);
    char* at = &entries_[size_t{entry} * kStep];
    std::memcpy(at + kLengthAt, &length, sizeof length);
    if (length > 0) std::memcpy(at + kKeyAt, key.data(), length);
    return entry;
  }

  // The slot of the key, or the empty one where it belongs.
  size_t placeOf(std::string_view key) const {
    const uint64_t hash = hashOf(key);
    const size_t mask = slots_.size() - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
      const Slot& slot = slots_[at];
      if (slot.entry == kNone || (slot.tag == tagOf(hash) && keyAt(slot.entry) == key)) return at;
    }
  }

  void grow() {
    std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.entry != kNone) slots_[placeOf(keyAt(slot.entry))] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::vector<char> entries_;
  size_t count_ = 0;
};

}  // namespace tidegate::governor
