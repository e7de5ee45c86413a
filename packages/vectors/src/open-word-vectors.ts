import { readFile } from "node:fs/promises";
import type { WordVectors } from "@agentcore/core/ports";
import { readVectorFile } from "./vector-file.ts";

/** The vectors that come with this package, read anew: some 4 MB that stay in memory as long as they are used. */
export const openWordVectors = async (): Promise<WordVectors> =>
  readVectorFile(await readFile(new URL("../data/words.bin", import.meta.url)), "agentcore-words-1");
