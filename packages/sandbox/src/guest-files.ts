/** What a process that runs code is made of, mounted where nothing tells how this machine is laid out. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { sandboxUnavailable } from "./machine.ts";
import { type Mount, TOOL_FOLDER } from "./process/contained-run.ts";
import { systemLibraries } from "./system-folders.ts";

// Sources are run as they are, and what was built as it was built.
const EXTENSION = import.meta.filename.slice(-3);

export const NODE = `${TOOL_FOLDER}/node`;

export const guestEntry = (name: "javascript" | "python" | "opening"): string =>
  `${TOOL_FOLDER}/guest/${name}${EXTENSION}`;

/** `packages`: folders, by the name that they are imported by. */
export const guestMounts = (packages: Readonly<Record<string, string>>): Mount[] => [
  ...systemLibraries(),
  ...guestPrograms(),
  ...Object.entries(packages).map(([name, from]) => ({ from, to: `${TOOL_FOLDER}/node_modules/${name}` })),
];

/** Node, and what it runs here. */
export const guestPrograms = (): Mount[] => [
  { from: process.execPath, to: NODE },
  { from: join(import.meta.dirname, "guest"), to: `${TOOL_FOLDER}/guest` },
  // It says that they are modules.
  { from: join(import.meta.dirname, "../package.json"), to: `${TOOL_FOLDER}/package.json` },
];

/** The folder of an installed package. Throws SANDBOX_UNAVAILABLE, which names it and the version that is needed. */
export const packageFolder = (name: string, version: string): string => {
  const nextStep = `Install it beside AgentCore: npm install ${name}@${version}.`;
  const require = createRequire(import.meta.filename);
  let file: string;
  try {
    file = require.resolve(`${name}/package.json`);
  } catch (cause) {
    throw sandboxUnavailable(`the package ${name} is not installed`, nextStep, cause);
  }
  const found = (require(file) as { readonly version: string }).version;
  if (found !== version) throw sandboxUnavailable(`the package ${name} is installed in version ${found}`, nextStep);
  return dirname(file);
};
