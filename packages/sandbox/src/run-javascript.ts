import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { CodeOptions, CodeResult } from "./code-result.ts";
import { guestEntry, guestMounts, NODE, packageFolder } from "./guest-files.ts";
import type { Machine } from "./machine.ts";
import { type GuestProgram, runGuest } from "./run-guest.ts";

const VERSION = "7.0.1";
const BASE = { memoryBytes: 96 * 2 ** 20, dataBytes: 1_280 * 2 ** 20 };

export const javascriptProgram = (): GuestProgram => {
  const folder = packageFolder("isolated-vm", VERSION);
  const loader = dirname(createRequire(join(folder, "package.json")).resolve("node-gyp-build/package.json"));
  return {
    argv: [NODE, guestEntry("javascript")],
    mounts: guestMounts({ "isolated-vm": folder, "node-gyp-build": loader }),
    base: BASE,
  };
};

/**
 * Runs the body of an async function: it finds `input`, `console` and `call`, and gives what it returns. The language alone: no files, no
 * network, no timers, no modules.
 */
export const runJavaScript = (code: string, options: CodeOptions, machine: Machine): Promise<CodeResult> =>
  runGuest(javascriptProgram(), code, options, machine);
