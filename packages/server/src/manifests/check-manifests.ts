/** Everything that can be wrong with manifests and needs nobody's code to be seen. */
import { invalidArgument, isAgentKind, Manifest, PlatformError, parseInput, SYSTEM_SKILLS } from "@agentcore/contract";
import { DEBOUNCER, PLATFORM_AGENTS } from "@agentcore/core/tasks";
import { ORCHESTRATOR } from "../orchestration/orchestrator.ts";
import type { ToolRules } from "../tools/tool-policy.ts";
import { checkBudget } from "./check-budget.ts";
import { checkChoice } from "./check-choice.ts";
import { checkCoding } from "./check-coding.ts";
import { checkFeed } from "./check-feed.ts";
import { checkMemoryPool } from "./check-memory-pool.ts";
import { checkModel } from "./check-model.ts";
import { checkRemote } from "./check-remote.ts";
import { checkSchedule } from "./check-schedule.ts";
import { checkTenant } from "./check-tenant.ts";
import { checkTool } from "./check-tool.ts";
import { checkWebhook } from "./check-webhook.ts";
import { manifestKey } from "./manifest-store.ts";

const MAX_PER_APPLY = 500;
// Instructions and annotations are texts for people; what is larger belongs into the code.
const MAX_MANIFEST_BYTES = 512 * 1024;

const OURS: ReadonlySet<string> = new Set([ORCHESTRATOR, DEBOUNCER, ...PLATFORM_AGENTS]);

export interface ManifestRules {
  /** Whether Model manifests may name addresses of private networks. */
  readonly allowPrivateModels: boolean;
  /** Whether Agent manifests may name cards and feeds in private networks. */
  readonly allowPrivateAgents: boolean;
  readonly toolRules: ToolRules;
  /** Wall time: of schedules that come round no more. */
  readonly now: number;
  /** Whether manifests may name code. */
  readonly code: boolean;
}

/** Throws INVALID_ARGUMENT, TOO_LARGE, PERMISSION_DENIED. */
export const checkManifests = async (
  tenantId: string,
  documents: readonly unknown[],
  rules: ManifestRules,
): Promise<readonly Manifest[]> => {
  if (documents.length > MAX_PER_APPLY)
    throw new PlatformError("TOO_LARGE", `${documents.length} manifests at once, ${MAX_PER_APPLY} are allowed`);
  const whatOf = (document: unknown, index: number): string => `manifest ${index + 1}${nameIn(document)}`;
  const manifests = documents.map((document, index) => parseInput(Manifest, document, whatOf(document, index)));
  for (const manifest of manifests) {
    const bytes = Buffer.byteLength(JSON.stringify(manifest));
    if (bytes > MAX_MANIFEST_BYTES)
      throw new PlatformError(
        "TOO_LARGE",
        `${manifest.kind} ${manifest.metadata.name} has ${bytes} bytes, ${MAX_MANIFEST_BYTES} are allowed`,
      );
  }
  const names = new Map<string, string>();
  for (const [index, manifest] of manifests.entries()) {
    const { kind, metadata } = manifest;
    if (isAgentKind(kind) && OURS.has(metadata.name))
      throw invalidArgument(whatOf(documents[index], index), [
        { field: "metadata.name", description: `${metadata.name} is the platform's own; expected another name` },
      ]);
    if (manifest.kind === "Agent" || manifest.kind === "Workflow")
      for (const [at, { id }] of (manifest.spec.skills ?? []).entries())
        if (id.startsWith(SYSTEM_SKILLS))
          throw invalidArgument(whatOf(documents[index], index), [
            {
              field: `spec.skills[${at}].id`,
              description: `expected another id than ${id}: those with ${SYSTEM_SKILLS} are the platform's own`,
            },
          ]);
    switch (kind) {
      case "Model":
        checkModel(tenantId, manifest, rules.allowPrivateModels);
        await checkChoice(manifest);
        break;
      case "Tool":
        await checkTool(tenantId, manifest, rules.toolRules);
        break;
      case "Budget":
        checkBudget(tenantId, manifest);
        break;
      case "Tenant":
        checkTenant(tenantId, manifest);
        break;
      case "Schedule":
        await checkSchedule(manifest, rules.now);
        break;
      case "MemoryPool":
        checkMemoryPool(manifest);
        break;
      case "Workflow":
        (await import("./check-workflow.ts")).checkWorkflow(manifest, whatOf(documents[index], index));
        break;
      case "Agent":
        if (manifest.spec.code !== undefined && !rules.code)
          throw new PlatformError(
            "PERMISSION_DENIED",
            `agent ${metadata.name}: a node with API keys takes code over HTTP only from its code roots, and has none; start it with --code-root DIR`,
          );
        checkRemote(tenantId, manifest, rules.allowPrivateAgents);
        await checkCoding(tenantId, manifest, rules.toolRules);
        checkWebhook(tenantId, manifest);
        await checkFeed(tenantId, manifest, rules.allowPrivateAgents);
        break;
      case "Policy":
        break;
    }
    const named = `${kind}/${metadata.name}`;
    const key = manifestKey(kind, metadata.name);
    const other = names.get(key);
    if (other !== undefined)
      throw invalidArgument("the list of manifests", [
        {
          field: "metadata.name",
          description:
            other === named ? `${named} stands in it twice` : `${other} and ${named} would be one agent; rename one`,
        },
      ]);
    names.set(key, named);
  }
  return manifests;
};

const nameIn = (document: unknown): string => {
  const name = (document as { metadata?: { name?: unknown } } | null)?.metadata?.name;
  return typeof name === "string" ? ` (${name.slice(0, 63)})` : "";
};
