/** What of an agent of `spec.coding` depends on the node and the tenant: which programs may run, which repositories may be opened, and whose secrets they get. */
import { type AgentManifest, type FieldViolation, invalidArgument } from "@agentcore/contract";
import { refuseProgram, refuseReach, type ToolRules } from "../tools/tool-policy.ts";
import { checkVariables, headerVariables } from "./check-variables.ts";

/** Throws INVALID_ARGUMENT. The repository is judged again when a task opens it. */
export const checkCoding = async (
  tenantId: string,
  { metadata, spec }: AgentManifest,
  rules: ToolRules,
): Promise<void> => {
  const { coding } = spec;
  if (coding === undefined) return;
  const { env, prepare = [], validate = [], repository } = coding;
  const programs = [
    ["command", coding.command ?? PROGRAMS[coding.program]],
    ...prepare.map(([program = ""], index) => [`prepare[${index}][0]`, program]),
    ...validate.map(([program = ""], index) => [`validate[${index}][0]`, program]),
  ] as const;
  const violations: FieldViolation[] = [];
  const refuse = (field: string, description: string | undefined): void => {
    if (description !== undefined) violations.push({ field: `spec.coding.${field}`, description });
  };
  for (const [field = "", value = ""] of programs)
    refuse(field, await refuseReach(tenantId, { kind: "command", field, value }, rules));
  for (const { field, description } of refuseProgram({ command: "", env: env ?? {} }, rules.commands))
    if (field !== "command") refuse(field, description);
  if (rules.commands !== null && coding.home === "node")
    refuse("home", "a node with API keys gives no agent the log-ins of its own account");
  if (rules.commands !== null && coding.trustsRepository === true)
    refuse("trustsRepository", "a node with API keys trusts no repository");
  refuse("repository", await refuseReach(tenantId, { kind: "folder", field: "repository", value: repository }, rules));
  for (const [index, value] of (coding.sandbox?.readable ?? []).entries()) {
    const field = `sandbox.readable[${index}]`;
    refuse(field, await refuseReach(tenantId, { kind: "folder", field, value }, rules));
  }
  violations.push(...checkVariables(tenantId, headerVariables("spec.coding.env", env)));
  if (violations.length > 0) throw invalidArgument(`agent "${metadata.name}"`, violations);
};

/** What is run when a manifest names nothing. */
const PROGRAMS = {
  "claude-code": "claude",
  codex: "codex",
  gemini: "gemini",
  opencode: "opencode",
  command: "",
} as const;
