/** `ctx.tools`: tools of a Tool manifest as the task saw them, each call of one a step of its own. */
import { PlatformError } from "@agentcore/contract";
import type { Tool } from "@agentcore/contract/authoring";
import type { ListedTool, ToolCaller, ToolProvider } from "../ports/index.ts";
import { schemaOfForeignJson } from "../tools/json-schema-check.ts";
import { ANSWERS, type AnsweredContext } from "./asked-questions.ts";
import type { Execution } from "./execution.ts";
import { parseToolInput } from "./parse-tool-input.ts";

/** Throws PERMISSION_DENIED when the agent does not name the manifest. */
export const assertNamed = ({ definition, head }: Execution, manifest: string): void => {
  const named = definition.tools.flatMap((tool) => ("declared" in tool ? [tool.declared] : []));
  if (named.includes(manifest)) return;
  throw new PlatformError(
    "PERMISSION_DENIED",
    `agent ${head.agent} does not name the tools "${manifest}": add declaredTools("${manifest}") to its tools, or "${manifest}" to spec.tools of its manifest`,
    { details: { named } },
  );
};

export const callerOf = ({ head: { tenantId, agent, taskId, caller } }: Execution): ToolCaller => ({
  ...{ tenantId, agent, taskId, caller },
});

export const listTools = (
  execution: Execution,
  manifest: string,
  signal: AbortSignal,
): Promise<readonly ListedTool[]> => providerOf(execution, manifest).list(callerOf(execution), manifest, signal);

/** For a call outside of any task. Throws INVALID_ARGUMENT. */
export const checkListedInput = async ({ name, inputJsonSchema }: ListedTool, value: unknown): Promise<void> => {
  await parseToolInput({ name, input: schemaOfForeignJson(inputJsonSchema) }, value);
};

/** Of what was recorded, however long ago. */
export const boundTools = (execution: Execution, manifest: string, listed: readonly ListedTool[]): readonly Tool[] =>
  listed.map((tool) => ({
    name: tool.name,
    description: tool.description,
    input: schemaOfForeignJson(tool.inputJsonSchema),
    inputJsonSchema: tool.inputJsonSchema,
    // As far as its author is believed; a policy may say otherwise.
    readOnly: tool.hints?.readOnly,
    idempotent: tool.hints?.idempotent,
    ...tool.terms,
    execute: (input, { signal, idempotencyKey, [ANSWERS]: answers }: AnsweredContext) =>
      providerOf(execution, manifest).call(callerOf(execution), {
        ...{ manifest, tool, input, idempotencyKey, signal },
        ...(answers === undefined ? {} : { answers }),
      }),
  }));

const providerOf = ({ services: { tools } }: Execution, manifest: string): ToolProvider => {
  if (tools !== null) return tools;
  throw new PlatformError("NOT_FOUND", `there are no tools "${manifest}": nothing here reads Tool manifests`);
};
