/** Texts found by their words: for memories of agents, and for tools that search what an organisation has. */
export { TextIndex, type WordHit } from "./text-index.ts";
