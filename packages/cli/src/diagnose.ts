/** The checks of `doctor`: each tells what it found and, where something is amiss, the next step. */
import { access, constants, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, resolve } from "node:path";
import { PlatformError } from "@agentcore/contract/errors";
import { GLOBAL_OPTIONS, type Invocation } from "./command.ts";
import { nextStepOf } from "./failure.ts";
import { SERVE_OPTIONS } from "./serve-options.ts";

export interface Check {
  readonly check: string;
  readonly status: "ok" | "warn" | "fail";
  readonly detail: string;
  readonly nextStep?: string;
}

type DoctorInvocation = Invocation<Pick<typeof SERVE_OPTIONS, "data" | "port">>;

const REQUIRED_NODE_MAJOR = 24;

export const diagnose = async (invocation: DoctorInvocation): Promise<readonly Check[]> => {
  const node = await checkNode(invocation);
  const answers = node[0]?.status === "ok";
  return [
    checkRuntime(process.versions.node),
    await checkDataFolder(resolve(invocation.cwd, invocation.options.data)),
    ...(answers ? [] : [await checkPort(invocation.options.port)]),
    ...node,
    ...checkVariables(invocation.environment),
  ];
};

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
const checkPort = (port: string): Promise<Check> =>
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

/** The first check is about the node itself; the others follow when it answers. */
const checkNode = async ({ client: connected, globals, signal }: DoctorInvocation): Promise<readonly Check[]> => {
  try {
    const client = await connected();
    await client.health();
    const open = await client.tasks({ states: ["submitted", "working"], limit: COUNT_LIMIT });
    const waiting = await client.tasks({ states: ["input-required", "auth-required"], limit: COUNT_LIMIT });
    const parked = await client.tasks({ states: ["parked"], limit: COUNT_LIMIT });
    return [
      { check: "node", status: "ok", detail: `answers at ${globals.url}` },
      { check: "open tasks", status: "ok", detail: count(open.length) },
      {
        check: "waiting for a person",
        status: waiting.length === 0 ? "ok" : "warn",
        detail: count(waiting.length),
        ...(waiting.length === 0 ? {} : { nextStep: "agentcore get tasks --state input-required,auth-required" }),
      },
      {
        check: "parked tasks",
        status: parked.length === 0 ? "ok" : "warn",
        detail: count(parked.length),
        ...(parked.length === 0 ? {} : { nextStep: "agentcore get tasks --state parked" }),
      },
    ];
  } catch (thrown) {
    signal.throwIfAborted();
    const error = PlatformError.from(thrown);
    // Before the first start there is no node, and nothing is wrong with that.
    const status = error.code === "UNAVAILABLE" ? "warn" : "fail";
    const nextStep = nextStepOf(error);
    return [
      {
        check: "node",
        status,
        detail: `${error.code}: ${error.message}`,
        ...(nextStep === undefined ? {} : { nextStep }),
      },
    ];
  }
};

const COUNT_LIMIT = 100;
const count = (found: number): string => (found >= COUNT_LIMIT ? `${COUNT_LIMIT} or more` : String(found));

const KNOWN_VARIABLES = new Set(
  [GLOBAL_OPTIONS, SERVE_OPTIONS].flatMap((options) =>
    Object.values(options).flatMap((spec) => ("env" in spec ? [spec.env] : [])),
  ),
);

/** A misspelt variable silently does nothing: say so. Values are not shown, some are keys. */
export const checkVariables = (environment: DoctorInvocation["environment"]): readonly Check[] => {
  const set = Object.keys(environment)
    .filter((name) => name.startsWith("AGENTCORE_"))
    .toSorted();
  const unknown = set.filter((name) => !KNOWN_VARIABLES.has(name as never));
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
