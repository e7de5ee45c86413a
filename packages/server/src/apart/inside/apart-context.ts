/** `ctx` where code runs apart: each call of it is one of the node's `ctx`, where the journal is. */
import type { Context, Log, Reasoned } from "@agentcore/contract/authoring";

/** How a member of `ctx` reaches the node's. */
export interface Calls {
  /** Answered some time. */
  call(method: string, values: readonly unknown[]): Promise<unknown>;
  /** Answered at once: all that runs here waits. */
  ask(method: string, values: readonly unknown[]): unknown;
  /** Answered never. */
  tell(method: string, values: readonly unknown[]): void;
}

export const createApartContext = (
  { call, ask, tell }: Calls,
  { env, signal }: { readonly env: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Context => {
  // The types are those of the members that they stand for.
  const later = (method: string) => ((...values: unknown[]) => call(method, values)) as never;
  const now = (method: string) => ((...values: unknown[]) => ask(method, values)) as never;
  return {
    log: createApartLog(tell),
    env,
    signal,
    memory: {
      get: later("memory.get"),
      set: later("memory.set"),
      delete: later("memory.delete"),
      remember: later("memory.remember"),
      recall: later("memory.recall"),
      history: later("memory.history"),
      forget: later("memory.forget"),
    },
    step: later("step"),
    command: later("command"),
    query: later("query"),
    emit: later("emit"),
    artifact: later("artifact"),
    progress: later("progress"),
    waitForInput: later("waitForInput"),
    waitForAuthorization: later("waitForAuthorization"),
    waitForDecision: later("waitForDecision"),
    waitForSignal: later("waitForSignal"),
    waitForEvent: later("waitForEvent"),
    sleep: later("sleep"),
    model: later("model"),
    tool: later("tool"),
    tools: later("tools"),
    continueAs: later("continueAs"),
    now: now("now"),
    random: now("random"),
    id: now("id"),
    patched: now("patched"),
    get messages() {
      return ask("messages", []) as Context["messages"];
    },
    // Chosen before it is known whether the log has a choice already: the node cannot wait for code while the code waits for it.
    decide: <Choice extends string>(name: string, choose: () => Choice | Reasoned<Choice>, options?: object) =>
      ask("decide", [name, outcomeOf(choose), options]) as Choice,
  };
};

const outcomeOf = (choose: () => unknown): { readonly value: unknown } | { readonly error: unknown } => {
  try {
    return { value: choose() };
  } catch (error) {
    return { error };
  }
};

export const createApartLog = (tell: Calls["tell"]): Log => {
  const write = (level: string) => (message: string, fields?: object) => tell(`log.${level}`, [message, fields]);
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
};
