/** Runs a program as agents' code does: everything through `ctx`. */
import { PlatformError, TerminalError } from "@agentcore/contract";
import type { AgentDefinition, Context, Schema } from "@agentcore/contract/authoring";
import type { Effects } from "./effects.ts";
import { type Change, MAX_ATTEMPTS, type Op, type Payload, type Span, type StepValue } from "./program.ts";

export interface Surroundings {
  readonly effects: Effects;
  readonly spans: Readonly<Record<Span, number>>;
  /** Milliseconds before the second try of a step. */
  readonly again: Readonly<Record<Span, number>>;
  /** Milliseconds of this process's time. */
  readonly pause: (ms: number) => Promise<void>;
  /** Which process this is, and when, for reports. */
  readonly by: () => string;
  /** Of the code that a program's tasks find when they are loaded. */
  readonly version: (program: string) => 1 | 2;
}

export const TOPIC = "told";
export const CAPABILITY = "work";

interface Run extends Surroundings {
  readonly taskId: string;
  readonly ctx: Context;
  readonly payload: Payload;
  readonly round: number;
  readonly code: 1 | 2;
}

interface Continued {
  readonly round: number;
  /** What the rounds until now came to. */
  readonly value: unknown;
}

export const agentsFor = (around: Surroundings): ReadonlyMap<string, AgentDefinition> => {
  const run: NonNullable<AgentDefinition["run"]> = async (task, ctx) => {
    const payload = task.input as Payload;
    const round = (task.continuedFrom as Continued | undefined)?.round ?? 0;
    const { program } = payload;
    const code = payload.change === null ? 1 : around.version(program);
    const own: Run = { ...around, taskId: task.id, ctx, payload, round, code };
    const value = await sequence(own, withChange(payload), "");
    return round < payload.rounds ? ctx.continueAs({ round: round + 1, value } satisfies Continued) : value;
  };
  const listen: NonNullable<AgentDefinition["run"]> = async (task, ctx) => {
    const { payload } = task.input as { readonly payload: unknown };
    await step({ ...around, taskId: task.id, ctx, round: 0 }, "heard", PLAIN);
    return payload;
  };
  const skills = [{ id: CAPABILITY, name: CAPABILITY, description: CAPABILITY, tags: [] }];
  const agents = [
    define("root", run),
    define("lane", run, { concurrency: "context" }),
    define("child", run, { skills }),
    define("other", run, { skills }),
    define("listener", listen, { subscribes: [TOPIC] }),
  ];
  return new Map(agents.map((agent) => [agent.name, agent]));
};

const define = (
  name: string,
  run: NonNullable<AgentDefinition["run"]>,
  more: Partial<AgentDefinition> = {},
): AgentDefinition => ({
  ...{ name, description: name, version: "1", skills: [], labels: {}, tools: [], idempotent: false, subscribes: [] },
  run,
  ...more,
});

const PLAIN: Extract<Op, { op: "step" }> = { op: "step", times: 1, fails: 0, again: "short", takes: null };

type Place = { readonly change: Change };

/** The body, with a mark where the two versions of the code differ. */
const withChange = ({ body, change }: Payload): readonly (Op | Place)[] =>
  change === null ? body : body.toSpliced(change.at, 0, { change: change.how } as never);

const sequence = async (run: Run, body: readonly (Op | Place)[], at: string): Promise<unknown> => {
  const values: unknown[] = [];
  for (const [index, op] of body.entries()) {
    const here = `${at}${index}`;
    values.push("change" in op ? await changed(run, op.change) : await perform(run, op, here));
  }
  return values;
};

const changed = async (run: Run, how: Change): Promise<unknown> => {
  const isNew = run.code === 2;
  switch (how) {
    case "rename":
      return step(run, isNew ? "new" : "old", PLAIN);
    case "insert":
      return isNew ? step(run, "new", PLAIN) : null;
    case "drop":
      return isNew ? null : step(run, "old", PLAIN);
    case "patch":
      return step(run, isNew && run.ctx.patched("change") ? "new" : "old", PLAIN);
  }
};

const perform = async (run: Run, op: Op, at: string): Promise<unknown> => {
  const { ctx, spans } = run;
  switch (op.op) {
    case "step": {
      const values: unknown[] = [];
      for (let time = 0; time < op.times; time++) values.push(await step(run, at, op, time));
      return values;
    }
    case "sleep":
      await ctx.sleep(spans[op.span], { key: at });
      return null;
    case "input": {
      const schema = op.checks === "nothing" ? {} : { schema: answerSchema(run, op.checks === "later") };
      return ctx.waitForInput({ prompt: "Well?", key: at, ...schema });
    }
    case "access":
      return (await ctx.waitForAuthorization({ prompt: "May I?", name: at })).name;
    case "child": {
      const target = op.by === "agent" ? { agent: "child" } : { capability: CAPABILITY };
      const payload = childPayload(run.payload, op.body, at);
      const sent = ctx.command(target, payload, { key: at, detached: op.mode !== "attached" });
      if (op.mode !== "loose") return sent;
      sent.catch(() => undefined);
      return null;
    }
    case "emit":
      await ctx.emit(TOPIC, { taskId: run.taskId, at, round: run.round }, { durable: true, key: at });
      return null;
    case "artifact":
      await ctx.artifact({ name: at, text: "made" });
      return null;
    case "all":
      return Promise.all(op.branches.map((branch, index) => sequence(run, branch, `${at}.${index}.`)));
    case "race":
      return Promise.race(op.branches.map((branch, index) => sequence(run, branch, `${at}.${index}.`)));
    case "guard":
      try {
        return await sequence(run, op.body, `${at}.b.`);
      } catch (error) {
        await sequence(run, op.cleanup, `${at}.c.`);
        throw error;
      }
    case "catch":
      try {
        return await sequence(run, op.body, `${at}.b.`);
      } catch (error) {
        const { code } = PlatformError.from(error, "AGENT_FAILED");
        if (code === "CANCELED") throw error;
        return code;
      }
    case "throw":
      throw op.retryable ? new PlatformError("UPSTREAM_FAILED", at) : new TerminalError(at);
  }
};

export const childPayload = ({ program, at }: Payload, body: readonly Op[], here: string): Payload => ({
  ...{ program, body, rounds: 0, change: null },
  at: `${at}/${here}`,
});

const step = (
  { ctx, effects, spans, again, pause, by, taskId, round }: Omit<Run, "payload" | "code">,
  name: string,
  { fails, again: after, takes }: Extract<Op, { op: "step" }>,
  time = 0,
): Promise<StepValue> => {
  const retry = { maxAttempts: MAX_ATTEMPTS, initialDelayMs: again[after] };
  return ctx.step(
    name,
    ({ attempt, idempotencyKey: key }) => {
      const run = effects.begin({ key, place: `${taskId} ${name}#${time} round ${round}`, attempt, by: by() });
      const finish = (): StepValue => {
        if (attempt <= fails) throw new Error(`as asked in run ${run}`);
        return { at: name, run };
      };
      return takes === null ? finish() : pause(spans[takes]).then(finish);
    },
    { retry },
  );
};

/** Takes texts that begin with "ok". */
const answerSchema = ({ pause, spans }: Run, isLate: boolean): Schema<string> => {
  const check = (value: unknown) =>
    typeof value === "string" && value.startsWith("ok") ? { value } : { issues: [{ message: "expected ok" }] };
  return {
    "~standard": {
      ...{ version: 1, vendor: "test" },
      validate: (value) => (isLate ? pause(spans.short).then(() => check(value)) : check(value)),
    },
  };
};
