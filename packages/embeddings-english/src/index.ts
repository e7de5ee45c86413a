export { createEnglishEmbedder, type EnglishEmbedder } from "./create-english-embedder.ts";
