export { openWordVectors } from "./open-word-vectors.ts";
export { createTextEmbedder } from "./text-embedder.ts";
