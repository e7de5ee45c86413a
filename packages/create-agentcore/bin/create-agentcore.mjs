#!/usr/bin/env node
// Plain JavaScript in old syntax, so that an old Node gets as far as the sentence that says so.
import { existsSync } from "fs";
import { dirname, join } from "path";
import { fileURLToPath, pathToFileURL } from "url";

const REQUIRED_MAJOR = 24;
const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "..", "src", "main.ts");
const built = join(here, "..", "dist", "main.js");

if (Number(process.versions.node.split(".")[0]) < REQUIRED_MAJOR) {
  console.error(
    `create-agentcore needs Node ${REQUIRED_MAJOR} or newer, this is ${process.version}: install it from https://nodejs.org`,
  );
  process.exit(2);
}
import(pathToFileURL(existsSync(source) ? source : built).href)
  .then(({ main }) => main(process.argv.slice(2)))
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });
