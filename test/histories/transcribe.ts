/** Writes down what code does with its context and what it gets: the calls in their order, and their answers in theirs. */
import { PlatformError } from "@agentcore/contract";
import type { AgentDefinition, Context } from "@agentcore/contract/authoring";
import { runnable } from "@agentcore/core/workflows";

// What `ctx` does with time: a name, how it is called, whether its answer comes later.
const LATER = [
  ...["step", "command", "query", "emit", "artifact", "progress", "waitForInput", "waitForAuthorization"],
  ...["waitForDecision", "sleep", "model", "tool", "continueAs"],
] as const;
const AT_ONCE = ["decide", "now", "random", "id", "patched"] as const;

/** The agent with a context that writes to `lines`. */
export const transcribed = (definition: AgentDefinition, lines: string[]): AgentDefinition => {
  const loaded = runnable(definition);
  const { run } = loaded;
  if (run === undefined) throw new Error(`${definition.name} has nothing to run`);
  return {
    ...loaded,
    run: (task, ctx) => {
      lines.push(`run ${text(task.input)}${task.continuedFrom === undefined ? "" : ` from ${text(task.continuedFrom)}`}`);
      return run(task, transcribing(ctx, lines));
    },
  };
};

const transcribing = (ctx: Context, lines: string[]): Context => {
  let calls = 0;
  const later = (name: string, call: (...given: never[]) => Promise<unknown>) => {
    const write = (...given: unknown[]): Promise<unknown> => {
      calls += 1;
      const number = calls;
      lines.push(`${number} ${name} ${text(name === "step" ? withoutDebugging(given) : given)}`);
      // Written before the code itself sees it, and without a turn of the queue more than it would take anyhow.
      const answered = call(...(given as never[]));
      answered.then(
        (value) => lines.push(`${number} = ${text(value)}`),
        (error: unknown) => {
          const { code, message } = PlatformError.from(error, "AGENT_FAILED");
          lines.push(`${number} ! ${code} ${message}`);
        },
      );
      return answered;
    };
    return write;
  };
  const calling: Record<string, unknown> = {};
  for (const name of LATER) calling[name] = later(name, ctx[name].bind(ctx));
  for (const name of AT_ONCE) {
    const call = ctx[name].bind(ctx) as (...given: unknown[]) => unknown;
    calling[name] = (...given: unknown[]): unknown => {
      const value = call(...given);
      lines.push(`${name} ${text(given)} = ${text(value)}`);
      return value;
    };
  }
  const { get, set, delete: remove } = ctx.memory;
  calling["memory"] = {
    get: later("memory.get", get.bind(ctx.memory)),
    set: later("memory.set", set.bind(ctx.memory)),
    delete: later("memory.delete", remove.bind(ctx.memory)),
  };
  const own = Object.fromEntries(Object.entries(calling).map(([name, value]) => [name, { value, enumerable: true }]));
  return Object.defineProperties({} as Context, { ...Object.getOwnPropertyDescriptors(ctx), ...own });
};

/** What a step works on, and what ends it while a breakpoint holds it, is for who debugs: no log has it, and none depends on it. */
const withoutDebugging = ([name, body, options]: readonly unknown[]): readonly unknown[] => {
  if (typeof options !== "object" || options === null) return [name, body];
  const { input: _, signal: __, ...rest } = options as Readonly<Record<string, unknown>>;
  return [name, body, rest];
};

/** As JSON, without what is none: functions, signals and schemas stand as a mark. */
const text = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "function") return "(function)";
    if (part instanceof AbortSignal) return "(signal)";
    return typeof part === "object" && part !== null && "~standard" in part ? "(schema)" : part;
  }) ?? "nothing";
