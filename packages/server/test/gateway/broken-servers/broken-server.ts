/** Servers that break one rule each, as changes to answers of a correct one: what they are made of. */
import type { Binding } from "@agentcore/a2a/verify";
import { type Mutation, result, type SeenCall } from "../mutated-server.ts";
import type { Variant } from "../verified-gateway.ts";

export type Json = Readonly<Record<string, unknown>>;

export interface Case extends Variant {
  /** The must-checks that fail, all and only. */
  readonly fails: string | readonly string[];
  /** @default JSONRPC */
  readonly binding?: Binding;
  /** What every other check builds on is broken. */
  readonly atLeast?: boolean;
}

/** What it does wrong, how, and which rules it breaks by that. */
export type BrokenServer = readonly [string, Mutation, Case];

export const taskResult = (change: (task: Json, call: SeenCall) => Json): Mutation =>
  result("SendMessage", ({ task }: { task: Json }, call) => ({ task: change(task, call) }));

export const getResult = (change: (task: Json, call: SeenCall) => unknown): Mutation => result("GetTask", change);

export const listResult = (change: (list: Json, call: SeenCall) => unknown): Mutation => result("ListTasks", change);

export const without = (value: Json, name: string): Json =>
  Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));

export const headersWithout = (call: SeenCall, name: string) =>
  Object.fromEntries([...call.request.headers].filter(([key]) => key !== name));

export const task = (more: Json = {}) => ({
  ...{ id: "invented", contextId: "invented", status: { state: "TASK_STATE_COMPLETED" } },
  ...more,
});

export const message = (params: Json) => params["message"] as Json | undefined;

export const part = (params: Json) => (message(params)?.["parts"] as readonly Json[] | undefined)?.[0];

export const configuration = (params: Json) => params["configuration"] as Json | undefined;

export const refuse = (call: SeenCall, http: number, reason: string | undefined, jsonRpc: number) => {
  const details =
    reason === undefined
      ? []
      : [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain: "a2a-protocol.org" }];
  return call.isRest
    ? {
        status: http,
        headers: { "content-type": "application/json" },
        body: { error: { code: http, status: "FAILED_PRECONDITION", message: "no", details } },
      }
    : {
        status: 200,
        headers: { "content-type": "application/json" },
        body: { jsonrpc: "2.0", id: call.id ?? null, error: { code: jsonRpc, message: "no", data: details } },
      };
};

export const rpc = (method: string, params: unknown) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });

export function refusedAgain(operation = "CancelTask"): Mutation {
  const done = new Set<unknown>();
  return {
    answer: (call, answer) => {
      if (call.operation !== operation || (answer.body as Json)["error"] !== undefined) return answer;
      const id = JSON.stringify(call.params);
      if (done.has(id)) return refuse(call, 400, "TASK_NOT_CANCELABLE", -32002);
      done.add(id);
      return answer;
    },
  };
}
