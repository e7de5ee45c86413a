import { open } from "node:fs/promises";
import { PlatformError } from "@agentcore/contract";
import { type PriceTable, parsePriceTable } from "@agentcore/models";

// Some ten thousand models.
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** The built-in table with what the file says in its place. Throws CONFIG_INVALID: it cannot be read, is too large, or says what no price is. */
export const readModelPrices = async (path: string): Promise<PriceTable> => {
  const refuse = (problem: string, cause?: unknown): PlatformError =>
    new PlatformError("CONFIG_INVALID", `${path}: ${problem}`, { cause });
  const file = await open(path).catch((cause: unknown) => {
    throw refuse("it cannot be read; give a JSON file with prices of models", cause);
  });
  try {
    const { size } = await file.stat();
    if (size > MAX_FILE_BYTES) throw refuse(`it has ${size} bytes, at most ${MAX_FILE_BYTES} are read`);
    return parsePriceTable(await file.readFile("utf8"), path);
  } finally {
    await file.close();
  }
};
