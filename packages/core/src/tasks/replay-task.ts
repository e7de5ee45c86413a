/** Runs the code of a task over its log, as it is in the store, with the code of then or of now. */
import { type MigrationRules, PlatformError } from "@agentcore/contract";
import type { TaskHead } from "../ports/index.ts";
import type { LoadedAgent } from "./agent-host.ts";
import { type Difference, type DryRun, dryRun } from "./dry-run.ts";
import type { TaskEngine } from "./engine.ts";
import { migrated } from "./migrated-log.ts";
import { revisionUnavailable } from "./parking.ts";
import { readForReplay } from "./replay-log.ts";

/** In characters of JSON: what is in memory while it runs, a few times over. */
export const MAX_REPLAYED = 32 * 1024 * 1024;
const MAX_NEXT = 20;

export interface ReplayRequest {
  /** Of the agent; `current` is what new tasks get. @default that of the task */
  readonly revision?: string | undefined;
}

export interface ReplayReport {
  readonly taskId: string;
  readonly agent: string;
  readonly revision: string;
  /** The code asks for what the log has, and ends as it does where it has ended. */
  readonly agrees: boolean;
  /** Numbers of the events that were gone through. */
  readonly from: number;
  readonly to: number;
  readonly differs: Difference | null;
  /** How the code ends after that; null when it goes on. */
  readonly end: { readonly type: string; readonly data: unknown } | null;
  /** Calls that it goes on with, at most 20. */
  readonly next: readonly string[];
}

export const replayTask = async (
  engine: TaskEngine,
  head: TaskHead,
  { revision }: ReplayRequest,
): Promise<ReplayReport> => {
  const loaded = await loadRevision(engine, head, revision);
  const { end, rules: _, ...rest } = await replayWith(engine, head, loaded);
  return { ...rest, end: end === null ? null : { type: end.type, data: end.data } };
};

/** `rules`: of a migration to that revision; by default what it declares. Throws TOO_LARGE, INVALID_ARGUMENT (the rules). */
export const replayWith = async (
  engine: TaskEngine,
  head: TaskHead,
  loaded: { readonly revision: string; readonly agent: LoadedAgent },
  asked?: MigrationRules,
): Promise<Omit<ReplayReport, "end"> & Pick<DryRun, "end"> & { readonly rules: MigrationRules | null }> => {
  const { taskId, agent, checkpointSeq, seq } = head;
  const read = await readForReplay(engine.store, head, { maxSize: MAX_REPLAYED });
  // What came while it was read may have come after another checkpoint.
  const { events, rules } = await migrated(
    engine,
    head,
    loaded,
    read.filter((event) => event.seq <= seq),
    asked,
  );
  const { differs, end, next } = await dryRun({
    ...{ head: { ...head, revision: loaded.revision }, loaded: loaded.agent, events, checkpointSeq },
    ...engine.senses,
  });
  return {
    ...{ taskId, agent, revision: loaded.revision, agrees: differs === null },
    ...{ from: Math.max(1, checkpointSeq), to: seq, differs, next: next.slice(0, MAX_NEXT), end, rules },
  };
};

/** Throws AGENT_NOT_FOUND, REVISION_UNAVAILABLE. */
export const loadRevision = async (
  { host, router }: Pick<TaskEngine, "host" | "router">,
  { tenantId, agent, revision: own }: Pick<TaskHead, "tenantId" | "agent" | "revision">,
  asked: string | undefined,
): Promise<{ readonly revision: string; readonly agent: LoadedAgent }> => {
  const revision = asked === "current" ? router.revisionOf(tenantId, agent) : (asked ?? own);
  if (revision === null)
    throw new PlatformError("AGENT_NOT_FOUND", `agent ${agent} is not applied now, so it has no current revision`);
  const loaded = await host.load({ tenantId, agent, revision });
  if (loaded === null && revision === asked && asked !== own)
    throw new PlatformError(
      "REVISION_UNAVAILABLE",
      `revision ${revision} of agent ${agent} cannot be loaded here: expected \`current\`, or one that was applied, as \`agentcore describe\` shows those of agents and tasks`,
    );
  if (loaded === null) throw revisionUnavailable(agent, revision);
  return { revision, agent: loaded };
};
