// A hash table from short byte strings to pointers: open addressing, no allocation to look up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
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

template <typename Value>
class FlatTable {
 public:
  Value* find(std::string_view key) const {
    if (slots_.empty()) return nullptr;
    const uint64_t hash = hashOf(key);
    for (size_t at = hash & mask();; at = (at + 1) & mask()) {
      const Slot& slot = slots_[at];
      if (slot.value == nullptr) return nullptr;
      if (slot.hash == hash && slot.key == key) return slot.value;
    }
  }

  // Replaces what was there.
  void put(std::string_view key, Value* value) {
    if ((count_ + 1) * 2 > slots_.size()) grow();
    const uint64_t hash = hashOf(key);
    size_t at = hash & mask();
    while (slots_[at].value != nullptr && !(slots_[at].hash == hash && slots_[at].key == key)) at = (at + 1) & mask();
    if (slots_[at].value == nullptr) count_++;
    slots_[at] = {hash, std::string(key), value};
  }

  size_t size() const { return count_; }

  void clear() {
    slots_.clear();
    count_ = 0;
  }

 private:
  struct Slot {
    uint64_t hash = 0;
    std::string key;
    Value* value = nullptr;
  };

  size_t mask() const { return slots_.size() - 1; }

  void grow() {
    std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() * 2);
    old.swap(slots_);
    for (Slot& slot : old) {
      if (slot.value == nullptr) continue;
      size_t at = slot.hash & mask();
      while (slots_[at].value != nullptr) at = (at + 1) & mask();
      slots_[at] = std::move(slot);
    }
  }

  std::vector<Slot> slots_;
  size_t count_ = 0;
};

}  // namespace tidegate::governor
