export type { Senses } from "./ports/index.ts";
