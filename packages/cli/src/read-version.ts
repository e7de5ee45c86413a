import { readFile } from "node:fs/promises";

/** The version in this package's package.json, which lies one folder above both src and dist. */
export const readVersion = async (): Promise<string> => {
  const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return version;
};
