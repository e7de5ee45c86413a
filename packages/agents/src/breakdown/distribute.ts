/** Parts are done by their agents, side by side as far as they do not wait for each other. */
import { type Context, PlatformError, TerminalError } from "@agentcore/sdk";
import { told } from "../strategies/check-strategy.ts";
import type { Assignment } from "./assign.ts";
import type { Part } from "./parts.ts";

export interface DonePart {
  readonly id: string;
  readonly what: string;
  readonly agent: string;
  /** skipped: it needs one that was not done. */
  readonly state: "done" | "failed" | "skipped";
  readonly output?: unknown;
  readonly why?: string | undefined;
}

export interface Distribution {
  /** Parts at once. */
  readonly concurrency: number;
  /** fail: one part that fails ends the others, and the whole. gather: the others go on without it. */
  readonly onFailure: "fail" | "gather";
  /** Milliseconds of one part. */
  readonly partTimeoutMs?: number | undefined;
}

/** In the order of the parts. Throws what a part failed with, by its name, once those under way have ended. */
export const distribute = async (
  ctx: Context,
  parts: readonly Part[],
  assignments: readonly Assignment[],
  { concurrency, onFailure, partTimeoutMs }: Distribution,
): Promise<readonly DonePart[]> => {
  const agentOf = new Map(assignments.map(({ id, agent }) => [id, agent.agent]));
  const settled = new Map<string, DonePart>();
  const begun = new Set<string>();
  const withdrawn = new AbortController();
  /** The one that ended the others. */
  const failures: TerminalError[] = [];

  const settle = async (part: Part, outcome: Pick<DonePart, "state" | "output" | "why">): Promise<void> => {
    const { id, what } = part;
    settled.set(id, { id, what, agent: agentOf.get(id) ?? "", ...outcome });
    ctx.decide(`part ${id}`, () => ({
      choice: outcome.state,
      reasons: [outcome.why ?? `by ${agentOf.get(id)}: ${told(JSON.stringify(outcome.output) ?? "nothing")}`],
    }));
    const done = [...settled.values()].filter(({ state }) => state === "done").length;
    await ctx.progress(`${done} of ${parts.length} parts are done`, settled.size / parts.length);
  };

  const run = async (part: Part): Promise<void> => {
    const { id, what, dependsOn } = part;
    const given = part.input ?? what;
    const results = Object.fromEntries(dependsOn.map((before) => [before, settled.get(before)?.output]));
    const input = dependsOn.length === 0 ? given : { task: given, results };
    const outcome = await ctx
      .command({ agent: agentOf.get(id) ?? "" }, input, {
        ...{ key: id, signal: withdrawn.signal },
        ...(partTimeoutMs === undefined ? {} : { timeoutMs: partTimeoutMs }),
      })
      .then(
        (output) => ({ state: "done", output }) as const,
        (thrown: unknown) => failed(part, thrown),
      );
    await settle(part, outcome);
    await goOn();
  };

  const failed = ({ id, what }: Part, thrown: unknown): Pick<DonePart, "state" | "why"> => {
    // The whole is canceled, or out of time: that is no matter of the part.
    if (ctx.signal.aborted) throw thrown;
    if (failures.length > 0) return { state: "failed", why: "it was withdrawn, as another failed" };
    const error = PlatformError.from(thrown);
    if (onFailure === "fail") {
      const done = [...settled.values()].flatMap((each) => (each.state === "done" ? [each.id] : []));
      failures.push(
        new TerminalError(`part "${id}" (${told(what)}) failed at ${agentOf.get(id)}: ${error.message}`, {
          // Somebody has canceled the part, and not this task.
          ...{ code: error.code === "CANCELED" ? "AGENT_FAILED" : error.code, cause: error },
          details: { part: id, agent: agentOf.get(id), done },
        }),
      );
      withdrawn.abort();
    }
    return { state: "failed", why: `${error.code}: ${error.message}` };
  };

  const goOn = async (): Promise<void> => {
    if (failures.length > 0) return;
    for (const part of parts) {
      const missing = part.dependsOn.find((before) => !["done", undefined].includes(settled.get(before)?.state));
      if (missing === undefined || begun.has(part.id)) continue;
      begun.add(part.id);
      await settle(part, { state: "skipped", why: `it needs ${missing}, which was not done` });
      return goOn();
    }
    const isReady = ({ id, dependsOn }: Part): boolean =>
      !begun.has(id) && dependsOn.every((before) => settled.get(before)?.state === "done");
    const next = parts.filter(isReady).slice(0, Math.max(0, concurrency - (begun.size - settled.size)));
    for (const { id } of next) begun.add(id);
    await Promise.all(next.map(run));
  };

  await goOn();
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  return parts.flatMap(({ id }) => settled.get(id) ?? []);
};
