// Stands for @pydantic/genai-prices in the bundles, which takes 0.05 s of CPU to load: done with the first look-up, so only where
// there is a provider with prices.
import { join } from "node:path";

let list;

function library() {
  // Beside the entries; chunks that several of them share lie a directory deeper.
  list ??= require(join(import.meta.dirname.replace(/\/chunks$/, ""), "genai-prices-list.cjs"));
  return list;
}

export function calcPrice(...args) {
  return library().calcPrice(...args);
}

export function findProvider(...args) {
  return library().findProvider(...args);
}
