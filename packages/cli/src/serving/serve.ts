/** `up` and `dev`: a node in this process, what is applied to it, the first run, and the orderly end. */
import { relative } from "node:path";
import type { ExitCode } from "../command.ts";
import { handIn } from "../manifests/hand-in.ts";
import { readManifests } from "../manifests/read-manifests.ts";
import { UsageError } from "../usage-error.ts";
import { explainStart } from "./explain-start.ts";
import { firstRun } from "./first-run.ts";
import type { ApplyResult, NodeOptions, RunningNode, StartNode } from "./node-options.ts";
import { readNodeOptions } from "./read-node-options.ts";
import type { ServeInvocation } from "./serve-options.ts";
import { tellStrayRejections } from "./stray-rejections.ts";

// What runs longer is not lost: it is in the log and goes on at the next start.
const CLOSE_GRACE_MS = 5_000;

/** What `dev` does while the node is up; `up` does nothing. */
export interface WhileServing {
  (serving: {
    readonly node: RunningNode;
    readonly paths: readonly string[];
    readonly dataDirectory: string;
    readonly applied: readonly ApplyResult[];
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
  if (options.input !== undefined && options.run === undefined) throw new UsageError("--input needs --run");
  // Read before the start: a typing error in a manifest should not cost a start, nor leave a node half prepared.
  const manifests = paths.length === 0 ? [] : await readManifests(paths, cwd);
  output.progress("starting");
  const endTelling = tellStrayRejections(output);
  try {
    const node = await startNode(await loadServer(), nodeOptions);
    try {
      await node.ready;
      output.hideProgress();
      const applied = paths.length === 0 ? [] : await handIn(manifests, cwd, node.apply);
      sayResults(output, applied);
      // Asked for only now: what there is to end in order begins here.
      const { signal } = invocation;
      const { dataDirectory } = nodeOptions;
      await output.data(
        invocation.globals.format,
        { url: node.url, ...(node.grpcAddress === undefined ? {} : { grpcAddress: node.grpcAddress }), dataDirectory },
        () =>
          `AgentCore is ready at ${node.url}${node.grpcAddress === undefined ? "" : ` and, over gRPC, ${node.grpcAddress}`} ` +
          `(data in ${shownFrom(cwd, dataDirectory)}; stop with Ctrl-C)`,
      );
      await whileServing?.({ node, paths, dataDirectory, applied });
      if (options.run !== undefined && !signal.aborted) {
        await firstRun(invocation, { agent: options.run, node });
      }
      await aborted(signal);
      output.say("Stopping; unfinished tasks go on at the next start. Ctrl-C again ends it at once.");
    } finally {
      await node.close(CLOSE_GRACE_MS);
    }
  } finally {
    endTelling();
  }
  return 0;
};

/** As short as the user would write it. */
const shownFrom = (cwd: string, path: string): string => {
  const shown = relative(cwd, path) || ".";
  return shown.startsWith("..") ? path : shown;
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

export const sayResults = (output: ServeInvocation["output"], results: readonly ApplyResult[]): void => {
  for (const { kind, name, change } of results) output.say(`${kind.toLowerCase()}/${name} ${change}`);
};
