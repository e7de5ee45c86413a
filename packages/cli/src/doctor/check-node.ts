/** What a node says about itself. */
import { PlatformError } from "@agentcore/contract/errors";
import type { Readiness } from "@agentcore/sdk/client";
import type { Invocation } from "../command.ts";
import { nextStepOf } from "../failure.ts";
import type { Check } from "./check.ts";

export interface NodeChecks {
  /** Whether somebody is there at all. */
  readonly answers: boolean;
  readonly checks: readonly Check[];
}

export const checkNode = async ({
  client: connected,
  globals: { url },
  signal,
}: Pick<Invocation, "client" | "globals" | "signal">): Promise<NodeChecks> => {
  try {
    const client = await connected();
    const readiness = await client.readiness();
    const node = nodeCheck(url, readiness);
    // It would not answer about tasks either.
    if (readiness.checks.state === "unavailable") return { answers: true, checks: [node] };
    const open = await client.tasks({ states: ["submitted", "working"], limit: COUNT_LIMIT });
    const waiting = await client.tasks({ states: ["input-required", "auth-required"], limit: COUNT_LIMIT });
    const parked = await client.tasks({ states: ["parked"], limit: COUNT_LIMIT });
    return {
      answers: true,
      checks: [
        node,
        { check: "open tasks", status: "ok", detail: count(open.length) },
        {
          check: "waiting for a person",
          status: waiting.length === 0 ? "ok" : "warn",
          detail: count(waiting.length),
          ...(waiting.length === 0 ? {} : { nextStep: "agentcore get tasks --state input-required,auth-required" }),
        },
        {
          check: "parked tasks",
          status: parked.length === 0 ? "ok" : "warn",
          detail: count(parked.length),
          ...(parked.length === 0 ? {} : { nextStep: "agentcore get tasks --state parked" }),
        },
      ],
    };
  } catch (thrown) {
    signal.throwIfAborted();
    const error = PlatformError.from(thrown);
    // Before the first start there is no node, and nothing is wrong with that.
    const status = error.code === "UNAVAILABLE" ? "warn" : "fail";
    const nextStep = nextStepOf(error);
    const check = { check: "node", status, detail: `${error.code}: ${error.message}` } as const;
    return { answers: false, checks: [nextStep === undefined ? check : { ...check, nextStep }] };
  }
};

const nodeCheck = (url: string, { ready, checks: { state, reason } }: Readiness): Check => {
  if (ready) return { check: "node", status: "ok", detail: `answers at ${url}` };
  const why = reason === undefined ? `it is ${state}` : `${reason.code}: ${reason.message}`;
  return {
    check: "node",
    status: state === "unavailable" ? "fail" : "warn",
    detail: `answers at ${url}, and takes no work: ${why}`,
    ...(state === "drained" || state === "draining" ? { nextStep: "agentcore undrain NODE" } : {}),
  };
};

const COUNT_LIMIT = 100;
const count = (found: number): string => (found >= COUNT_LIMIT ? `${COUNT_LIMIT} or more` : String(found));
