/** `ctx.memory.remember`, `recall`, `history` and `forget`: steps whose bodies are messages to the platform's memory. */
import { invalidArgument } from "@agentcore/contract";
import type { ForgetWhich, Memory, MemoryOptions, StepContext, StepOptions } from "@agentcore/contract/authoring";
import { assertSerialisable } from "../payloads/serialisable.ts";
import type { Execution } from "./execution.ts";

type RunStep = <T>(
  kind: "memory",
  name: string,
  run: (step: StepContext, path: string) => unknown,
  options: Omit<StepOptions, "key"> & { readonly key?: string | undefined; readonly inputHash?: string },
) => Promise<T>;

// Of what a call is about: calls of other things may be under way at once without a key.
const NAMED_BY = 8;

export const createRemembering = (
  execution: Execution,
  step: RunStep,
  hash: (value: unknown) => string,
): Pick<Memory, "remember" | "recall" | "history" | "forget"> => {
  const call = <T>(
    operation: "remember" | "recall" | "history" | "forget",
    { pool = "agent", key }: { readonly [Name in keyof MemoryOptions]: MemoryOptions[Name] | undefined },
    request: Readonly<Record<string, unknown>>,
  ): Promise<T> => {
    assertSerialisable(request, `what ctx.memory.${operation} is given`);
    const inputHash = hash([pool, request]);
    return step<T>(
      "memory",
      `${operation} ${pool} ${inputHash.slice(0, NAMED_BY)}`,
      ({ signal, idempotencyKey }, path) =>
        execution.services.remembers(execution, {
          ...{ type: isQuery(operation) ? "query" : "command", pool, path },
          ...{ request: { operation, ...request }, idempotencyKey, signal },
        }),
      {
        ...{ inputHash, key },
        // The bus retries queries itself.
        ...(isQuery(operation) ? { retry: { maxAttempts: 1 } } : {}),
      },
    );
  };
  return {
    remember: (memory, options = {}) =>
      call("remember", options, { memory: typeof memory === "string" ? { text: memory } : memory }),
    recall: (query, { pool, key, limit, tags, document } = {}) =>
      call("recall", { pool, key }, { query, options: { limit, tags, document } }),
    history: ({ limit = 20, key } = {}) => {
      if (!Number.isInteger(limit) || limit < 1 || limit > MAX_TASKS)
        throw invalidArgument("what ctx.memory.history is given", [
          { field: "limit", description: `expected a whole number from 1 to ${MAX_TASKS}` },
        ]);
      return call("history", { key }, { limit });
    },
    forget: (which, options = {}) => {
      assertWhich(which);
      return call("forget", options, { which });
    },
  };
};

const MAX_TASKS = 50;

const isQuery = (operation: string): boolean => operation === "recall" || operation === "history";

const WAYS = ["id", "words", "task", "document", "all"];

const assertWhich = (which: ForgetWhich): void => {
  const given = Object.keys(which ?? {});
  if (given.length === 1 && WAYS.includes(given[0] ?? "")) return;
  throw invalidArgument("what ctx.memory.forget is given", [
    { field: "", description: `expected exactly one of ${WAYS.join(", ")}` },
  ]);
};
