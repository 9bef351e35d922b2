#pragma once

#include <string_view>

namespace tidegate::governor {

// The text of a JSON string without escapes; data() null: it is none.
inline std::string_view plainString(std::string_view json) {
  if (json.size() < 2 || json.front() != '"' || json.back() != '"') return {};
  json = json.substr(1, json.size() - 2);
  return json.find('\\') == std::string_view::npos ? json : std::string_view();
}

}  // namespace tidegate::governor
