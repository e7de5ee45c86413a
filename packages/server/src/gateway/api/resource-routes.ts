/** Agents and manifests. */
import {
  LATENCY_BANDS,
  latencyBand,
  MANIFEST_KINDS,
  Manifest,
  type ManifestKind,
  PlatformError,
  parseInput,
} from "@agentcore/contract";
import type { AgentProfile } from "@agentcore/contract/authoring";
import { z } from "zod";
import type { AgentFinder } from "../deps/agent-finder.ts";
import type { AgentDescription, AgentDirectory } from "../deps/agents.ts";
import type { ManifestService } from "../deps/manifest-service.ts";
import { emptyResponse, jsonResponse } from "../http/responses.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";

const AgentResource = z.object({
  name: z.string(),
  description: z.string(),
  version: z.string(),
  skills: z.array(z.unknown()),
  revision: z.string(),
  labels: z.record(z.string(), z.string()),
  replicas: z.number(),
  state: z.string(),
  reason: z.string().optional(),
  /** What it promises of itself. */
  profile: z
    .object({
      latencyMs: z.object({ from: z.number(), to: z.number() }).optional(),
      latencyBand: z.enum(LATENCY_BANDS).optional(),
      doesNot: z.array(z.string()).optional(),
    })
    .optional(),
  inputModes: z.array(z.string()).optional(),
  outputModes: z.array(z.string()).optional(),
});

const ApplyResultResource = z.object({
  kind: z.string(),
  name: z.string(),
  change: z.enum(["created", "configured", "unchanged"]),
  revision: z.string(),
});

const Kind = z.enum(MANIFEST_KINDS, { error: `expected one of ${MANIFEST_KINDS.join(", ")}` });
// The manifests themselves are judged by the service, which names the file's fields.
const ManifestsBody = z.union([z.array(z.unknown()).min(1).max(1000), z.record(z.string(), z.unknown())], {
  error: "expected a manifest or a list of 1 to 1000 manifests",
});
const DryRunQuery = z.strictObject({ dryRun: z.enum(["true", "false"]).optional() });

// Not coerced: nothing at all would be 0.
const Amount = z
  .string()
  .regex(/^\d+(\.\d+)?$/, { error: "expected a number from 0" })
  .transform(Number);
const AgentsQuery = z
  .strictObject({
    /** Only those who can do this, best first. */
    need: z.string().regex(/\S/, { error: "expected what is to be done, in words" }).max(900).optional(),
    maxCostUsd: Amount.optional(),
    maxLatencyMs: Amount.optional(),
    /** @default 50, which is the most */
    limit: z.coerce.number().int().min(1).max(50).optional(),
  })
  .refine(({ need, ...limits }) => need !== undefined || Object.values(limits).every((value) => value === undefined), {
    error: "expected need: the others limit what is found by it",
    path: ["need"],
  });

const FoundResource = z.object({
  reasons: z.array(z.string()),
  /** As of `agents`, in the same order. */
  scores: z.array(
    z.object({
      agent: z.string(),
      ...{ score: z.number(), similarity: z.number(), latencyMs: z.number(), costUsd: z.number(), quality: z.number() },
      why: z.string(),
    }),
  ),
  /** When nobody can do it: who comes nearest. */
  nearest: z.array(z.object({ agent: z.string(), why: z.string() })),
  /** A model was to be asked and could not be, where a command says UNAVAILABLE if nobody is found: with it there may be more. */
  isPartial: z.boolean(),
});

export const createAgentRoutes = (agents: AgentDirectory, finder: AgentFinder): readonly ApiRoute[] => [
  apiRoute({
    method: "GET",
    path: "/api/v1/agents",
    operationId: "listAgents",
    summary: "The agents of the caller's tenant, or with `need` those who can do that now, best first",
    tag: "agents",
    query: AgentsQuery,
    answer: {
      status: 200,
      schema: z.object({ agents: z.array(AgentResource), found: FoundResource.optional() }),
      description: "All agents; with `need` the ones it would be routed to, with scores and reasons",
    },
    async handle({ request, scope, query: { need, maxCostUsd, maxLatencyMs, limit } }) {
      if (need === undefined) return jsonResponse({ agents: agents.list(scope.tenantId).map(toAgentResource) });
      const { found, reasons, nearest, isPartial } = await finder.find(
        scope,
        { need, maxCostUsd, maxLatencyMs },
        request.signal,
      );
      const scores = found.slice(0, limit).filter(({ agent }) => agents.get(scope.tenantId, agent) !== null);
      const listed = scores.flatMap(({ agent }) => agents.get(scope.tenantId, agent) ?? []);
      return jsonResponse({ agents: listed.map(toAgentResource), found: { reasons, scores, nearest, isPartial } });
    },
  }),
  apiRoute({
    method: "GET",
    path: "/api/v1/agents/{name}",
    operationId: "getAgent",
    summary: "One agent",
    tag: "agents",
    answer: { status: 200, schema: AgentResource, description: "The agent" },
    handle({ scope, path }) {
      const agent = agents.get(scope.tenantId, path.name ?? "");
      if (agent === null) throw new PlatformError("AGENT_NOT_FOUND", `there is no agent "${path.name}"`);
      return jsonResponse(toAgentResource(agent));
    },
  }),
];

export const createManifestRoutes = (manifests: ManifestService): readonly ApiRoute[] => {
  const kindOf = (path: Readonly<Record<string, string>>): ManifestKind => parseInput(Kind, path.kind, "the kind");
  return [
    apiRoute({
      method: "GET",
      path: "/api/v1/manifests",
      operationId: "listManifests",
      summary: "All manifests, or those of one kind or name",
      tag: "manifests",
      access: "operator",
      query: z.strictObject({ kind: Kind.optional(), name: z.string().max(63).optional() }),
      answer: { status: 200, schema: z.object({ manifests: z.array(Manifest) }), description: "Manifests as applied" },
      async handle({ scope, query }) {
        const all = (await manifests.list(scope.tenantId, query.kind)) as readonly Manifest[];
        const named = query.name === undefined ? all : all.filter(({ metadata }) => metadata.name === query.name);
        return jsonResponse({ manifests: named });
      },
    }),
    apiRoute({
      method: "POST",
      path: "/api/v1/manifests",
      operationId: "applyManifests",
      summary: "Apply one or many manifests, all or nothing; with dryRun=true only tell what would change",
      tag: "manifests",
      access: "operator",
      query: DryRunQuery,
      body: ManifestsBody,
      yaml: true,
      answer: {
        status: 200,
        schema: z.object({ results: z.array(ApplyResultResource), dryRun: z.boolean() }),
        description: "What happened to each",
      },
      async handle({ scope, query, body }) {
        const dryRun = query.dryRun === "true";
        const list = Array.isArray(body) ? body : [body];
        const results = await manifests.apply(scope.tenantId, list, { dryRun, overHttp: true });
        return jsonResponse({ results, dryRun });
      },
    }),
    apiRoute({
      method: "GET",
      path: "/api/v1/manifests/{kind}/{name}",
      operationId: "getManifest",
      summary: "One manifest",
      tag: "manifests",
      access: "operator",
      answer: { status: 200, schema: Manifest, description: "The manifest as applied" },
      async handle({ scope, path }) {
        const kind = kindOf(path);
        const manifest = await manifests.get(scope.tenantId, kind, path.name ?? "");
        if (manifest === null || manifest === undefined) throw noManifest(kind, path.name);
        return jsonResponse(manifest);
      },
    }),
    apiRoute({
      method: "DELETE",
      path: "/api/v1/manifests/{kind}/{name}",
      operationId: "deleteManifest",
      summary: "Remove a manifest; open tasks of an agent go on",
      tag: "manifests",
      access: "operator",
      answer: { status: 204, description: "It is gone" },
      async handle({ scope, path }) {
        const kind = kindOf(path);
        if (!(await manifests.delete(scope.tenantId, kind, path.name ?? ""))) throw noManifest(kind, path.name);
        return emptyResponse(204);
      },
    }),
  ];
};

const noManifest = (kind: string, name: string | undefined) =>
  new PlatformError("NOT_FOUND", `there is no ${kind} "${name}"`);

const toAgentResource = (agent: AgentDescription): z.infer<typeof AgentResource> => ({
  name: agent.name,
  description: agent.description,
  version: agent.version,
  skills: [...agent.skills],
  revision: agent.revision,
  labels: agent.labels,
  replicas: agent.replicas,
  state: agent.state,
  ...(agent.reason === undefined ? {} : { reason: agent.reason }),
  ...(agent.profile === undefined ? {} : { profile: profileResource(agent.profile) }),
  ...(agent.inputModes === undefined ? {} : { inputModes: [...agent.inputModes] }),
  ...(agent.outputModes === undefined ? {} : { outputModes: [...agent.outputModes] }),
});

const profileResource = ({ latencyMs, doesNot }: AgentProfile) => ({
  ...(latencyMs === undefined ? {} : { latencyMs, latencyBand: latencyBand(latencyMs) }),
  ...(doesNot === undefined ? {} : { doesNot: [...doesNot] }),
});
