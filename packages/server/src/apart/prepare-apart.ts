/** How code is started that a manifest puts apart, and within what. */
import type { AgentManifest } from "@agentcore/contract";
import type { CodeSnapshot } from "../agents/read-code.ts";
import { MEBIBYTE } from "./apart.ts";
import type { ApartHostOptions } from "./apart-host.ts";

export interface ApartCodeOptions {
  readonly manifest: AgentManifest;
  readonly isolation: NonNullable<AgentManifest["spec"]["isolation"]>;
  readonly snapshot: CodeSnapshot;
  readonly snapshotDirectory: string;
  /** The node's. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

const DEFAULT_HEAP_BYTES = 512 * MEBIBYTE;
// What code sees of the node's environment: how to run, and nothing secret.
const VISIBLE_VARIABLES = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "NODE_EXTRA_CA_CERTS"] as const;
// Paths of this machine lead nowhere there.
const VISIBLE_IN_SANDBOX = ["LANG", "TZ"] as const;

/** Throws NOT_INSTALLED and SANDBOX_UNAVAILABLE for what is missing here, and INVALID_ARGUMENT. */
export const prepareApart = async (options: ApartCodeOptions): Promise<ApartHostOptions> => {
  const { manifest, isolation, snapshot, snapshotDirectory, env } = options;
  const { spec, metadata } = manifest;
  const common = { snapshot, exportName: spec.code?.export ?? "default" };
  if (isolation !== "sandbox") {
    const start =
      isolation === "thread"
        ? (await import("./start-thread.ts")).startThread
        : (await import("./start-process.ts")).startProcess;
    const limits = { heapBytes: spec.heapBytes ?? DEFAULT_HEAP_BYTES, environment: visible(env, VISIBLE_VARIABLES) };
    return { ...common, start, limits, snapshotDirectory };
  }
  const { prepareSandbox, REVISIONS_INSIDE } = await import("./sandbox/start-sandbox.ts");
  const { explainMissing } = await import("./sandbox/explain-missing.ts");
  const {
    memoryBytes = 1_024 * MEBIBYTE,
    cpuMs = 60_000,
    processes = 64,
    fileBytes = 64 * MEBIBYTE,
  } = spec.sandbox ?? {};
  return {
    ...common,
    start: await prepareSandbox({
      ...{ agent: metadata.name, snapshot, snapshotDirectory },
      limits: { memoryBytes, processes, fileBytes },
    }),
    limits: {
      // Half of what there is: what V8 has besides its heap, and buffers, have room as well.
      heapBytes: spec.heapBytes ?? Math.min(DEFAULT_HEAP_BYTES, memoryBytes / 2),
      environment: visible(env, VISIBLE_IN_SANDBOX),
    },
    snapshotDirectory: REVISIONS_INSIDE,
    cpuMs,
    explain: explainMissing,
  };
};

const visible = (env: ApartCodeOptions["env"], names: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = env[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
