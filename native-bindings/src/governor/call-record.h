// Writes call records as the call log reads them: one MessagePack array in the order of CALL_RECORD_FIELDS
// (src/contracts/call-record.ts).
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tidegate::governor {

class RecordWriter {
 public:
  explicit RecordWriter(std::string* bytes) : bytes_(*bytes) { bytes_.clear(); }

  void array(uint16_t count) {
    bytes_.push_back('\xdc');
    big(count);
  }

  void nil() { bytes_.push_back('\xc0'); }
  void boolean(bool truth) { bytes_.push_back(truth ? '\xc3' : '\xc2'); }

  void text(std::string_view text) {
    if (text.size() < 32) {
      bytes_.push_back(static_cast<char>(0xa0 | text.size()));
    } else if (text.size() < 256) {
      bytes_.push_back('\xd9');
      bytes_.push_back(static_cast<char>(text.size()));
    } else {
      if (text.size() > 0xffff) text = text.substr(0, 0xffff);
      bytes_.push_back('\xda');
      big(static_cast<uint16_t>(text.size()));
    }
    bytes_.append(text);
  }

  void textOrNil(std::string_view text) {
    if (text.empty()) nil();
    else this->text(text);
  }

  void number(double number) {
    if (number >= 0 && number < 128 && number == static_cast<double>(static_cast<uint8_t>(number))) {
      bytes_.push_back(static_cast<char>(number));
      return;
    }
    if (number >= 0 && number < 4294967296.0 && number == static_cast<double>(static_cast<uint32_t>(number))) {
      bytes_.push_back('\xce');
      big(static_cast<uint32_t>(number));
      return;
    }
    uint64_t word;
    std::memcpy(&word, &number, sizeof word);
    bytes_.push_back('\xcb');
    big(word);
  }

  void numberOrNil(double number) {
    if (number < 0) nil();
    else this->number(number);
  }

 private:
  template <typename Integer>
  void big(Integer integer) {
    char text[sizeof integer];
    for (size_t i = 0; i < sizeof integer; i++) {
      text[i] = static_cast<char>(integer >> (8 * (sizeof integer - 1 - i)));
    }
    bytes_.append(text, sizeof text);
  }

  std::string& bytes_;
};

}  // namespace tidegate::governor
