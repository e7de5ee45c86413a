import { PlatformError } from "@agentcore/contract";
import type { WorkflowScope } from "@agentcore/contract/authoring";
import type { ParallelNode } from "./compile-workflow.ts";
import type { Fan } from "./frame.ts";
import { kindOfValue } from "./kind-of-value.ts";

/** What branches gave, in their order. */
export const doneOf = (
  fan: Fan,
  { branches }: Pick<ParallelNode, "branches">,
): readonly (readonly [string, unknown])[] =>
  branches.flatMap(([name]) => (fan.outputs.has(name) ? [[name, fan.outputs.get(name)] as const] : []));

/** What branches gave, as one value, as the node says. Throws WORKFLOW_FAILED for what cannot be put together so. */
export const mergeBranches = (fan: Fan, node: ParallelNode, scope: () => WorkflowScope): unknown => {
  const done = doneOf(fan, node);
  switch (node.merge) {
    case "object":
      return Object.fromEntries(done);
    case "list":
      return done.map(([, output]) => output);
    case "concat":
      return done.flatMap(([name, output]) => {
        if (!Array.isArray(output)) throw wrongMerge(node, name, "a list", output);
        return output as unknown[];
      });
    case "assign":
      return Object.assign(
        {},
        ...done.map(([name, output]) => {
          if (typeof output !== "object" || output === null || Array.isArray(output))
            throw wrongMerge(node, name, "an object", output);
          return output;
        }),
      ) as unknown;
    case "first":
      return fan.outputs.get(fan.order[0] ?? "");
    default:
      return node.merge({ ...scope(), branches: Object.fromEntries(done) });
  }
};

const wrongMerge = ({ join }: ParallelNode, branch: string, expected: string, output: unknown): PlatformError =>
  new PlatformError(
    "WORKFLOW_FAILED",
    `${join}: merge: expected ${expected} of branch "${branch}", got ${kindOfValue(output)}`,
  );
