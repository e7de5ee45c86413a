/** What of a tool can be written down: a run that has listed it goes on under what it saw. */
import { PlatformError } from "@agentcore/contract";
import type { Tool } from "@agentcore/contract/authoring";
import type { ListedTerms, ListedTool } from "../ports/index.ts";

type Described = Pick<ListedTool, "description" | "inputJsonSchema" | "hints" | "terms">;

/** Throws CONFIG_INVALID for an `approval` that is a function: a later life of the task could not be held to it. */
export const describeTool = (tool: Tool): Described => {
  const { name, description, inputJsonSchema, readOnly, idempotent } = tool;
  const hints = known({ readOnly, idempotent });
  const terms = termsOf(name, tool);
  return {
    ...{ description, inputJsonSchema },
    ...(Object.keys(hints).length === 0 ? {} : { hints }),
    ...(Object.keys(terms).length === 0 ? {} : { terms }),
  };
};

const termsOf = (
  name: string,
  { permission, timeoutMs, costUsd, maxCalls, approval, approvers }: Tool,
): Partial<ListedTerms> => {
  if (typeof approval === "function")
    throw new PlatformError(
      "CONFIG_INVALID",
      `tool ${name}: approval: expected "always" or "never", as a function cannot be recorded with a list of tools; leave it to a Policy, or a guardrail`,
    );
  return known({ permission, timeoutMs, costUsd, maxCalls, approval, approvers });
};

const known = <Members extends object>(members: Members): Partial<Members> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<Members>;
