/** Runs a random workflow on the engine, with kills and cancels, and judges its log by the reference. */
import type { TaskEvent, TaskEventOf } from "@agentcore/contract";
import { runnable } from "@agentcore/core/workflows";
import { agent, TerminalError } from "@agentcore/sdk";
import { replay, testAgent } from "@agentcore/testing";
import {
  AGENT,
  flatten,
  isHeldBack,
  type Named,
  named,
  outcomeOf,
  type WorkflowPlan,
  type WorkInput,
} from "./generate.ts";
import { judgeProgress } from "./judge-progress.ts";
import { Reference, type Settled } from "./reference.ts";

const MAX_ROUNDS = 200;

const worker = agent<WorkInput, string>({
  name: AGENT,
  description: "Works",
  run: async (task, ctx) => {
    if (task.input.ms > 0) await ctx.sleep(task.input.ms);
    return ctx.step("work", () => outcomeOf(task.input));
  },
});
const undoer = (fails: boolean) =>
  agent({
    name: fails ? `un${AGENT}-not` : `un${AGENT}`,
    description: "Takes back",
    run: (_task, ctx) =>
      ctx.step("undo", () => {
        if (fails) throw new TerminalError("cannot be taken back");
        return "taken back";
      }),
  });

export interface PlayedPlan {
  readonly wrong: readonly string[];
  readonly events: number;
  /** Claims after the first: of kills, and of waits that took it out of memory. */
  readonly resumptions: number;
  readonly checkpoints: number;
  readonly end: string;
}

export const runPlan = async (plan: WorkflowPlan): Promise<PlayedPlan> => {
  const blocks = named(plan.blocks, isHeldBack(plan));
  const definition = runnable(
    { ...agent({ name: "flow", description: "Random", workflow: flatten(blocks) }), concurrency: undefined },
    { checkpointAfter: plan.checkpointAfter },
  );
  const test = await testAgent([definition, worker, undoer(false), undoer(true)], { crashAt: plan.crashes });
  const run = await test.run({ seed: 1 });
  const verdicts = [...plan.verdicts];
  let canceled = plan.cancelAfterMs === null;
  for (
    let round = 0;
    round < MAX_ROUNDS && !["completed", "failed", "canceled", "parked"].includes(run.state);
    round++
  ) {
    if (run.state === "input-required") await run.decide({ choice: verdicts.shift() ?? "leave" });
    else if (!canceled) {
      await run.advance(plan.cancelAfterMs ?? 0);
      canceled = true;
      if (run.state === "working") await run.cancel("enough");
    } else await run.advance(60_000);
  }
  const { graph } = flatten(blocks);
  const wrong = [...(await judge(blocks, run.events)), ...judgeProgress(graph, run.events)];
  const replayed = await replay(run.events, definition, run);
  if (!replayed.ok) wrong.push(`its code does not come to its log: ${JSON.stringify(replayed.diverged)}`);
  return {
    wrong,
    events: run.events.length,
    resumptions: run.events.filter(({ type }) => type === "task.assigned").length - 1,
    checkpoints: run.events.filter(({ type }) => type === "checkpoint.created").length,
    end: run.state,
  };
};

/** `command:agent:worker[n1@2]` → `n1@2`. */
const addressOf = (path: string): string => {
  const occurrence = path.replace(/#\d+$/, "");
  const bracket = occurrence.lastIndexOf("[");
  return bracket < 0 ? occurrence.slice(occurrence.indexOf(":") + 1) : occurrence.slice(bracket + 1, -1);
};

const judge = async (blocks: readonly Named[], events: readonly TaskEvent[]): Promise<readonly string[]> => {
  const wrong: string[] = [];
  const reference = new Reference(
    { seed: 1 },
    new Set(events.filter(isResult).map(({ data }) => addressOf(data.path))),
  );
  const settled = new Set<string>();
  reference.start(blocks);
  await quiet();
  for (const event of events) {
    if (event.type === "task.cancelRequested") reference.stop("canceled");
    else if (isResult(event)) {
      const address = addressOf(event.data.path);
      const input = reference.open.get(address)?.input as WorkInput | null | undefined;
      const outcome: Settled =
        event.type === "step.completed"
          ? {
              value:
                event.data.kind === "approval" ? (event.data.result as { choice: unknown }).choice : event.data.result,
            }
          : { error: event.data.error.message };
      if (settled.has(address)) wrong.push(`${address} has two results`);
      settled.add(address);
      if (input === undefined)
        wrong.push(`${address} was not to be done now; open: ${[...reference.open.keys()].join(", ")}`);
      else if (input !== null && !isCanceled(event)) wrong.push(...differs(address, input, outcome));
      reference.settle(address, outcome);
      await quiet();
      reference.takeBackIfQuiet();
    } else continue;
    await quiet();
  }
  return [...wrong, ...judgeEnd(reference, events)];
};

const isResult = (event: TaskEvent): event is TaskEventOf<"step.completed" | "step.failed"> =>
  event.type === "step.completed" || (event.type === "step.failed" && event.data.retryAt === undefined);

const isCanceled = (event: TaskEvent): boolean => event.type === "step.failed" && event.data.error.code === "CANCELED";

const differs = (address: string, input: WorkInput, outcome: Settled): string[] => {
  let expected: Settled;
  try {
    expected = { value: outcomeOf(input) };
  } catch (error) {
    expected = { error: (error as Error).message };
  }
  return JSON.stringify(expected) === JSON.stringify(outcome)
    ? []
    : [`${address} saw something else: ${JSON.stringify(outcome)} instead of ${JSON.stringify(expected)}`];
};

const judgeEnd = ({ end, open }: Reference, events: readonly TaskEvent[]): string[] => {
  const last = events.at(-1);
  const said = JSON.stringify(last?.data);
  if (end === null)
    return [`it ended (${last?.type} ${said}) while the reference waits for ${[...open.keys()].join(", ")}`];
  if (end.type === "completed")
    return last?.type === "task.completed" && last.data.output === end.output
      ? []
      : [`expected completed with ${JSON.stringify(end.output)}, got ${last?.type} ${said}`];
  if (last?.type !== "task.failed" && last?.type !== "task.canceled")
    return [`expected failed (${end.error}), got ${last?.type} ${said}`];
  const error = last.data as { error?: { message: string; details?: Record<string, { address: string }[]> } };
  const told = (what: "undone" | "stands"): string =>
    (error.error?.details?.[what] ?? []).map(({ address }) => address).join();
  const wrong: string[] = [];
  if (
    last.type === "task.failed" &&
    /no luck|says no/.test(end.error) &&
    !end.errors.some((each) => error.error?.message.includes(each))
  )
    wrong.push(`expected the failure ${end.error}, got ${said}`);
  if (told("undone") !== end.undone.join()) wrong.push(`taken back: ${told("undone")}; expected ${end.undone.join()}`);
  if (told("stands") !== end.stands.join()) wrong.push(`stands: ${told("stands")}; expected ${end.stands.join()}`);
  return wrong;
};

const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
