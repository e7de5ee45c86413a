/** The checks that need no node. */
import { access, constants, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { GLOBAL_OPTIONS } from "../command.ts";
import { NODE_VARIABLES } from "../serving/node-variables.ts";
import { SERVE_OPTIONS } from "../serving/serve-options.ts";
import type { Check } from "./check.ts";

const REQUIRED_NODE_MAJOR = 24;

export const checkRuntime = (version: string): Check =>
  Number(version.split(".")[0]) >= REQUIRED_NODE_MAJOR
    ? { check: "runtime", status: "ok", detail: `Node ${version}` }
    : {
        check: "runtime",
        status: "fail",
        detail: `Node ${version}`,
        nextStep: `Install Node ${REQUIRED_NODE_MAJOR} or newer.`,
      };

export const checkDataFolder = async (directory: string): Promise<Check> => {
  const check = "data folder";
  const nextStep = "Give another folder with --data or AGENTCORE_DATA.";
  const found = await stat(directory).catch(() => undefined);
  if (found !== undefined && !found.isDirectory())
    return { check, status: "fail", detail: `${directory} is a file`, nextStep };
  const existing = found === undefined ? await nearestExisting(directory) : directory;
  const isWritable = await access(existing, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!isWritable) return { check, status: "fail", detail: `${existing} cannot be written`, nextStep };
  return { check, status: "ok", detail: found === undefined ? `${directory} will be created` : directory };
};

const nearestExisting = async (path: string): Promise<string> => {
  const parent = dirname(path);
  const exists = await stat(parent).then(
    () => true,
    () => false,
  );
  return exists || parent === path ? parent : nearestExisting(parent);
};

/** Only asked when no node answers: then the port should be free. */
export const checkPort = (port: string): Promise<Check> =>
  new Promise((done) => {
    const server = createServer();
    const check = "port";
    server.once("error", (error: NodeJS.ErrnoException) =>
      done({
        check,
        status: "fail",
        detail: `${port} cannot be used (${error.code ?? error.message})`,
        nextStep: "Stop what listens there, or use --port.",
      }),
    );
    server.listen(Number(port), "127.0.0.1", () =>
      server.close(() => done({ check, status: "ok", detail: `${port} is free` })),
    );
  });

const KNOWN_VARIABLES: ReadonlySet<string> = new Set([
  ...Object.keys(NODE_VARIABLES),
  ...[GLOBAL_OPTIONS, SERVE_OPTIONS].flatMap((options) =>
    Object.values(options).flatMap((spec) => ("env" in spec ? [spec.env] : [])),
  ),
]);

/** A misspelt variable silently does nothing: say so. Values are not shown, some are keys. */
export const checkVariables = (environment: Readonly<Record<string, string | undefined>>): readonly Check[] => {
  const set = Object.keys(environment)
    .filter((name) => name.startsWith("AGENTCORE_"))
    .toSorted();
  const unknown = set.filter((name) => !KNOWN_VARIABLES.has(name));
  return [
    {
      check: "environment",
      status: "ok",
      detail: set.length === 0 ? "no AGENTCORE_ variable is set" : `set: ${set.join(", ")}`,
    },
    ...unknown.map((name) => ({
      check: "environment",
      status: "warn" as const,
      detail: `${name} is read by nothing here`,
      nextStep: "Compare its spelling with `agentcore help`.",
    })),
  ];
};
