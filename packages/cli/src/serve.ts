/** `up` and `dev`: a node in this process, what is applied to it, the first run, and the orderly end. */
import { readFile } from "node:fs/promises";
import { delimiter, relative, resolve } from "node:path";
import { PlatformError } from "@agentcore/contract/errors";
import type { ExitCode, Invocation } from "./command.ts";
import { connect } from "./connect.ts";
import { describeFailure, failure } from "./failure.ts";
import { followTask } from "./follow-task.ts";
import { defaultInputOf, findAgent, type ManifestDocument, readManifests } from "./manifest-files.ts";
import type { ApplyResult, NodeOptions, RunningNode, StartNode } from "./node-options.ts";
import { readInput } from "./read-input.ts";
import { reportFirstRun } from "./report-first-run.ts";
import type { SERVE_OPTIONS } from "./serve-options.ts";
import { UsageError } from "./usage-error.ts";

// What runs longer is not lost: it is in the log and goes on at the next start.
const CLOSE_GRACE_MS = 5_000;

type ServeInvocation = Invocation<typeof SERVE_OPTIONS>;

/** What `dev` does while the node is up; `up` does nothing. */
export interface WhileServing {
  (serving: {
    readonly node: RunningNode;
    readonly paths: readonly string[];
    readonly dataDirectory: string;
  }): Promise<void>;
}

export interface ServeOptions {
  readonly whileServing?: WhileServing;
  /** @default the one of @agentcore/server */
  readonly loadServer?: () => Promise<StartNode>;
}

export const serve = async (
  invocation: ServeInvocation,
  { whileServing, loadServer = loadInstalledServer }: ServeOptions = {},
): Promise<ExitCode> => {
  const { options, output, cwd } = invocation;
  const paths = [...options.apply, ...invocation.arguments];
  const nodeOptions = await readNodeOptions(invocation);
  if (options.input !== undefined && options.run === undefined) throw new UsageError("--input needs --run", "up");
  // Read before the start: a typing error in a manifest should not cost a start, nor leave a node half prepared.
  const manifests = paths.length === 0 ? [] : await readManifests(paths, cwd);
  if (!isLoopback(nodeOptions.host) && nodeOptions.apiKeys.length === 0) {
    output.say(
      `warning: ${nodeOptions.host} is reachable from other machines and asks for no key; give --api-key-file.`,
      "yellow",
    );
  }

  output.progress("starting");
  const node = await startNode(await loadServer(), nodeOptions);
  try {
    await node.ready;
    output.hideProgress();
    if (paths.length > 0) sayResults(output, await node.apply(manifests.map(({ manifest }) => manifest)));
    // Asked for only now: what there is to end in order begins here.
    const { signal } = invocation;
    await output.data(
      invocation.globals.format,
      { url: node.url, dataDirectory: nodeOptions.dataDirectory },
      () =>
        `AgentCore is ready at ${node.url} (data in ${relative(cwd, nodeOptions.dataDirectory) || "."}; stop with Ctrl-C)`,
    );
    if (options.run !== undefined && !signal.aborted) {
      await runOnce(invocation, { node, agent: options.run, manifests, apiKey: node.apiKey });
    }
    await whileServing?.({ node, paths, dataDirectory: nodeOptions.dataDirectory });
    await aborted(signal);
    output.say("Stopping; unfinished tasks go on at the next start. Ctrl-C again ends it at once.");
  } finally {
    await node.close(CLOSE_GRACE_MS);
  }
  return 0;
};

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    if (signal.aborted) return done();
    // A pending promise alone does not keep a process alive, and the node may have nothing open while it waits.
    const keepAlive = setInterval(() => {}, 2 ** 30);
    signal.addEventListener("abort", () => {
      clearInterval(keepAlive);
      done();
    });
  });

const readNodeOptions = async ({ options, cwd, globals }: ServeInvocation): Promise<NodeOptions> => {
  const port = Number(options.port);
  if (!/^\d+$/.test(options.port) || port > 65_535) {
    throw new UsageError(`--port ${options.port}: expected a number from 0 to 65535`, "up");
  }
  const fromFile =
    options["api-key-file"] === undefined ? [] : await readKeyFile(resolve(cwd, options["api-key-file"]));
  const given = (options["api-keys"] ?? "").split(",").map((key) => key.trim());
  return {
    host: options.host,
    port,
    publicUrl: options["public-url"],
    dataDirectory: resolve(cwd, options.data),
    apiKeys: [...fromFile, ...given].filter((key) => key !== ""),
    codeRoots: options["code-root"].flatMap((paths) => paths.split(delimiter)).map((path) => resolve(cwd, path)),
    allowPrivateModels: options["allow-private-models"],
    logLevel: globals.verbose ? "debug" : "warn",
  };
};

/** A key a line; empty lines and lines that begin with # do not count. A file without a key is refused: it would open the node. */
const readKeyFile = async (path: string): Promise<readonly string[]> => {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw failure("CONFIG_INVALID", `cannot read the key file ${path}`, "Give a file that this user can read.", cause);
  }
  const keys = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (keys.length === 0) throw failure("CONFIG_INVALID", `${path} holds no key`, "Write one key a line into it.");
  return keys;
};

const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || host.startsWith("127.");

const startNode = async (start: StartNode, options: NodeOptions): Promise<RunningNode> => {
  try {
    return await start(options);
  } catch (error) {
    throw explainStart(error, options);
  }
};

/** Only now: no other verb pays for the server. */
const loadInstalledServer = async (): Promise<StartNode> => {
  const server = await import("@agentcore/server");
  return server.startNode;
};

/** What keeps a node from starting, in terms of the options that change it. */
export const explainStart = (
  error: unknown,
  { host, port }: { readonly host: string; readonly port: number },
): unknown => {
  if (PlatformError.is(error) && error.details?.["dataDirectory"] !== undefined)
    return failure(error.code, error.message, "Give another folder with --data or AGENTCORE_DATA.", error);
  switch (systemCode(error)) {
    case "EADDRINUSE":
      return failure(
        "CONFIG_INVALID",
        `port ${port} on ${host} is taken (EADDRINUSE)`,
        "Stop what listens there, or give another port with --port or AGENTCORE_PORT.",
        error,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return failure(
        "CONFIG_INVALID",
        `this machine has no address ${host}`,
        "Give one of its own with --host, for example 127.0.0.1.",
        error,
      );
    case "EACCES":
      return port > 0 && port < 1024
        ? failure(
            "CONFIG_INVALID",
            `this user may not listen on port ${port} (EACCES)`,
            "Give a port of 1024 or more with --port.",
            error,
          )
        : error;
    default:
      return error;
  }
};

/** The operating system's code, also when the error was wrapped. */
const systemCode = (error: unknown): string | undefined => {
  for (let current: unknown = error; current instanceof Error; current = current.cause) {
    if (!PlatformError.is(current) && "code" in current && typeof current.code === "string") return current.code;
  }
  return undefined;
};

export const sayResults = (output: ServeInvocation["output"], results: readonly ApplyResult[]): void => {
  for (const { kind, name, change } of results) output.say(`${kind.toLowerCase()}/${name} ${change}`);
};

interface FirstRun {
  readonly node: RunningNode;
  readonly agent: string;
  readonly manifests: readonly ManifestDocument[];
  readonly apiKey: string | undefined;
}

/** A run that fails is told and leaves the node up: there is the place to look at what happened. */
const runOnce = async (invocation: ServeInvocation, { node, agent, manifests, apiKey }: FirstRun): Promise<void> => {
  const { output, signal, globals } = invocation;
  try {
    const client = await connect({ ...globals, url: node.url, apiKey });
    const { taskId } = await client.submit({ agent, input: await firstInput(invocation, agent, manifests) });
    const outcome = await followTask({ client, taskId, output, signal });
    await reportFirstRun({ output, format: globals.format, taskId, outcome, url: node.url });
  } catch (error) {
    if (signal.aborted) return;
    for (const line of describeFailure(error, globals.verbose)) output.say(line, "red");
  }
};

const firstInput = async (
  invocation: ServeInvocation,
  agent: string,
  manifests: readonly ManifestDocument[],
): Promise<unknown> => {
  const manifest = findAgent(manifests, agent);
  const text = invocation.options.input ?? (manifest === undefined ? undefined : defaultInputOf(manifest));
  return text === undefined ? {} : readInput(text, invocation);
};
