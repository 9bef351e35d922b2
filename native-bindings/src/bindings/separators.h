// Separators of a head on its way to JavaScript. No head holds control characters.
#pragma once

namespace tidegate {

constexpr char kBeforeName = '\x01';
constexpr char kBeforeValue = '\x02';
constexpr char kBetween = '\x03';

}  // namespace tidegate
