/** What a node says about itself. */
import { PlatformError } from "@agentcore/contract/errors";
import type { Invocation } from "../command.ts";
import { nextStepOf } from "../failure.ts";
import type { Check } from "./check.ts";

/** The first check is about the node itself; the others follow when it answers. */
export const checkNode = async ({
  client: connected,
  globals,
  signal,
}: Pick<Invocation, "client" | "globals" | "signal">): Promise<readonly Check[]> => {
  try {
    const client = await connected();
    await client.health();
    const open = await client.tasks({ states: ["submitted", "working"], limit: COUNT_LIMIT });
    const waiting = await client.tasks({ states: ["input-required", "auth-required"], limit: COUNT_LIMIT });
    const parked = await client.tasks({ states: ["parked"], limit: COUNT_LIMIT });
    return [
      { check: "node", status: "ok", detail: `answers at ${globals.url}` },
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
    ];
  } catch (thrown) {
    signal.throwIfAborted();
    const error = PlatformError.from(thrown);
    // Before the first start there is no node, and nothing is wrong with that.
    const status = error.code === "UNAVAILABLE" ? "warn" : "fail";
    const nextStep = nextStepOf(error);
    return [
      {
        check: "node",
        status,
        detail: `${error.code}: ${error.message}`,
        ...(nextStep === undefined ? {} : { nextStep }),
      },
    ];
  }
};

const COUNT_LIMIT = 100;
const count = (found: number): string => (found >= COUNT_LIMIT ? `${COUNT_LIMIT} or more` : String(found));
