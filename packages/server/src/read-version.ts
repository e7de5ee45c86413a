import { readFileSync } from "node:fs";

/** Of this package, and of all others with it. */
export const readVersion = (): string =>
  (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version;
