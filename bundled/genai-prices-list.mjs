// What genai-prices.mjs loads. By its path: the name of the package stands for that file.
export { calcPrice, findProvider } from "../node_modules/@pydantic/genai-prices/dist/index.js";
