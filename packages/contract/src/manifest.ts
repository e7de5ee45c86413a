/** Manifests: what users declare. `apiVersion`, `kind`, `metadata`, `spec`, as in Kubernetes; unknown members are refused. */
import { z } from "zod";
import { A2A_VERSIONS, AgentExtension, AgentSkill } from "./a2a.ts";
import { BudgetSpec } from "./budget-manifest.ts";
import { CodingSpec } from "./coding-manifest.ts";
import { DurationText, parseDuration } from "./duration.ts";
import {
  CONNECTION_HEADER,
  HeaderName,
  Headers,
  HttpUrl,
  OF_CONNECTION,
  Scope,
  SecretVariable,
} from "./manifest-parts.ts";
import { MemoryPoolSpec } from "./memory.ts";
import { NAME_PATTERN } from "./message.ts";
import { MigrationRules } from "./migration.ts";
import { ModelSpec } from "./model-manifest.ts";
import { PolicySpec } from "./policy-manifest.ts";
import { ScheduleSpec } from "./schedule.ts";
import { ToolSpec } from "./tool-manifest.ts";
import { TopicPattern } from "./topic.ts";

export const API_VERSION = "agentcore.dev/v1";

const Name = z.string().regex(NAME_PATTERN, { error: "expected lower-case letters, digits and hyphens, at most 63" });
const Labels = z.record(z.string().max(63), z.string().max(63));

const ManifestMetadata = z.strictObject({
  name: Name,
  labels: Labels.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

const header = {
  apiVersion: z.literal(API_VERSION, { error: `expected "${API_VERSION}"` }),
  metadata: ManifestMetadata,
};

/** Where an agent's code is: the module and the export. The nearest folder with a package.json is kept as its revision. */
const Code = z.strictObject({
  /** The module, relative to the manifest. */
  path: z.string().min(1),
  export: z.string().min(1),
});

/** What is said about the agent to callers of A2A. */
const A2ASettings = z.strictObject({
  /** Versions of the protocol that the agent is served in. @default all */
  versions: z
    .array(z.enum(A2A_VERSIONS, { error: `expected one of ${A2A_VERSIONS.join(", ")}` }))
    .min(1, { error: "expected at least one version" })
    .max(A2A_VERSIONS.length)
    .optional(),
  /** What callers who authenticated are shown beyond the public card. */
  extendedCard: z
    .strictObject({
      description: z.string().optional(),
      /** Shown beside the public ones; one with the same id replaces it. */
      skills: z.array(AgentSkill).max(1000).optional(),
    })
    .refine((card) => card.description !== undefined || card.skills !== undefined, {
      error: "expected description or skills: without either it says what the public card does",
    })
    .optional(),
  /** What a caller's credential must be good for, all of it; operators need none. */
  scopes: z.array(Scope).min(1).max(20).optional(),
});

/** How the agent is shown to clients of MCP (docs/mcp.md). */
const McpSettings = z.strictObject({
  /** What its tool is called. @default the agent's name */
  tool: z
    .string()
    .regex(/^(?!tasks_|agents_)[A-Za-z0-9_.-]{1,64}$/, {
      error: "expected 1 to 64 letters, digits, _, - or .; those that begin with tasks_ or agents_ are the platform's",
    })
    .optional(),
  /** It is no tool at all. @default false */
  hidden: z.boolean().optional(),
});

const ExpressionText = z.string().min(1).max(4096);

// Longer than that is a schedule's.
const MAX_PAUSE_MS = 86_400_000;
const msOf = (duration: string): number => parseDuration(duration) ?? 0;
const Pause = DurationText.refine((text) => msOf(text) <= MAX_PAUSE_MS, { error: "expected at most 24h" });

// Nodes whose clocks differ count on one account for a while after one of them says that its period is over.
const LEAST_KEPT_MS = 86_400_000;
const UsageLife = DurationText.refine((text) => msOf(text) >= LEAST_KEPT_MS, { error: "expected at least 1d" });

/** A subscription of the manifest: which events begin a task of the agent, in CEL over `event`. */
const Trigger = z
  .strictObject({
    /** A topic, `loan.*` for all below it, or `*`. */
    topic: TopicPattern,
    /** Only events of which it holds. @default all */
    where: ExpressionText.optional(),
    /** While a task that it began for the same value is open, the event goes to that, as a signal of the topic's name. @default a task for each */
    correlate: ExpressionText.optional(),
    /**
     * Events that come within that time of each other, of one value of `correlate` where that is given, make one task: when none has come for so
     * long, with the input of the last. @default each event is given at once
     */
    debounce: Pause.optional(),
    /** Of `debounce`: it begins so long after the first event at the latest. @default as long as they come, 500 of them at most */
    maxWait: Pause.optional(),
    /** What the task gets: JSON in which `${expression}` stands for its value. @default { id, topic, source, payload }, with debounce `events` too: how many */
    input: z.unknown().optional(),
  })
  .refine(
    ({ debounce, maxWait }) => maxWait === undefined || (debounce !== undefined && msOf(maxWait) >= msOf(debounce)),
    {
      error: "expected `debounce` beside it, and no longer than it",
      path: ["maxWait"],
    },
  );
export type Trigger = z.infer<typeof Trigger>;

/** Tasks that may run at once, on all nodes together; those that wait for a person, a child or a time do not count. @default no limit */
const MaxRunning = z.int().min(1).max(1_000_000);

/** Where credentials go besides the origin that the card is at. */
const Origins = z
  .array(
    z
      .string()
      .max(2048)
      .regex(/^https?:\/\/[^/?#@\s]+$/, { error: "expected an origin, as https://agent.example" }),
  )
  .max(20)
  .optional();

const ApiKeyHeader = HeaderName.refine((name) => !CONNECTION_HEADER.test(name), { error: OF_CONNECTION });

const RemoteAuth = z.union(
  [
    z.strictObject({ bearerEnv: SecretVariable, origins: Origins }),
    z.strictObject({ apiKeyEnv: SecretVariable, header: ApiKeyHeader, origins: Origins }),
    z.strictObject({
      /** Client credentials (RFC 6749, 4.4). */
      oauth2: z
        .strictObject({
          clientId: z.string().min(1).max(256).optional(),
          clientIdEnv: SecretVariable.optional(),
          clientSecretEnv: SecretVariable,
          /** @default the card's, when it is at an origin that credentials go to */
          tokenUrl: HttpUrl.optional(),
          scopes: z.array(z.string().min(1).max(256)).max(50).optional(),
        })
        .refine(({ clientId, clientIdEnv }) => (clientId === undefined) !== (clientIdEnv === undefined), {
          error: "expected either clientId or clientIdEnv",
          path: ["clientId"],
        }),
      origins: Origins,
    }),
  ],
  { error: "expected { bearerEnv }, { apiKeyEnv, header } or { oauth2 }" },
);

/** One trusted signature will do. */
const CardSignaturePolicy = z
  .strictObject({
    /** False takes a card that is not signed at all; one that is must be trusted in any case. @default true */
    required: z.boolean().optional(),
    /** Keys that are trusted, as a JWKS. */
    jwks: z.strictObject({ keys: z.array(z.record(z.string(), z.unknown())).min(1).max(20) }).optional(),
    /** Where such keys are; this address is trusted, whatever the card says. */
    jwksUrl: HttpUrl.optional(),
    /** Hosts whose keys are trusted: a signature's `jku` is followed there, and nowhere else. */
    jkuHosts: z.array(z.string().min(1).max(255)).min(1).max(20).optional(),
  })
  .refine(({ jwks, jwksUrl, jkuHosts }) => jwks !== undefined || jwksUrl !== undefined || jkuHosts !== undefined, {
    error: "expected jwks, jwksUrl or jkuHosts: whose signatures are trusted",
    path: ["jwks"],
  });

/** An agent that runs elsewhere and speaks A2A. */
const Remote = z.strictObject({
  /** Its card, or the address below which the card stands at its well-known place. */
  card: HttpUrl,
  /** Versions of the protocol, the preferred first. @default ["1.0", "0.3"] */
  versions: z
    .array(z.enum(["1.0", "0.3"]))
    .min(1)
    .max(2)
    .optional(),
  /** The preferred first; GRPC in version 1.0 only. @default ["JSONRPC", "HTTP+JSON", "GRPC"] */
  bindings: z
    .array(z.enum(["JSONRPC", "HTTP+JSON", "GRPC"]))
    .min(1)
    .max(3)
    .optional(),
  /** By whom the card must be signed. @default it need not be */
  signature: CardSignaturePolicy.optional(),
  auth: RemoteAuth.optional(),
  /** Sent with every call, in place of what the card's interface names. */
  tenant: z.string().min(1).max(256).optional(),
  headers: Headers.optional(),
  /** Milliseconds one call may take, of a stream up to its first event. @default 30000 */
  timeoutMs: z.int().min(100).max(600_000).optional(),
});
export type RemoteAgent = z.infer<typeof Remote>;

/** How an agent without code works; options are the strategy's own (docs/strategies.md). */
const DeclaredStrategy = z.strictObject({ name: z.string().min(1).max(64), options: z.unknown().optional() });

/** One of the agents that are there; options are its own (docs/standard-agents.md). */
const StandardAgent = z.strictObject({ name: z.string().min(1).max(64), options: z.unknown().optional() });

/** One of the built-in guardrails; options are its own (docs/tools.md#built-in-guardrails). */
const DeclaredGuardrail = z.strictObject({ name: z.string().min(1).max(64), options: z.unknown().optional() });
export type DeclaredGuardrail = z.infer<typeof DeclaredGuardrail>;

const JsonSchema = z.record(z.string(), z.unknown(), { error: "expected a JSON Schema" });

/** What the model of an agent without code is shown beside its task (docs/memory.md#what-a-model-is-shown). */
const DeclaredContext = z
  .strictObject({
    /** Of one call, messages and tools, by an estimate that is rather too high. @default no bound */
    maxTokens: z.int().min(500).max(10_000_000).optional(),
    /** The conversation so far: what the caller and the agent said in earlier tasks of the context. @default none */
    history: z
      .strictObject({ maxTokens: z.int().min(100).max(10_000_000), maxTasks: z.int().min(1).max(50).optional() })
      .optional(),
    /** What is remembered about the task's input. @default nothing */
    recall: z
      .strictObject({ pool: z.string().min(1).max(256).optional(), limit: z.int().min(1).max(50).optional() })
      .optional(),
    /** Facts that are never cut. */
    pinned: z.array(z.string().min(1).max(10_000)).max(100).optional(),
    /** What has no room is summed up by the model, in place of being left out. @default false */
    summarise: z.boolean().optional(),
  })
  .refine((context) => Object.keys(context).length > 0, {
    error: "expected maxTokens, history, recall, pinned or summarise",
  });

// What is said of how an agent without code works.
const OF_MODELS = ["model", "instructions", "strategy", "context", "input", "output"] as const;
// A standard agent knows that of itself; which model it may ask, it is told.
const OF_STANDARD = ["code", "coding", "instructions", "strategy", "context", "input", "output", "env"] as const;

const MIB = 2 ** 20;

/** What all tasks of an agent together may take in its sandbox. */
export const AgentSandbox = z.strictObject({
  /** Of all that runs there, Node and what is written to its work folder included. @default 1 GiB */
  memoryBytes: z
    .int()
    .min(128 * MIB)
    .max(65_536 * MIB)
    .optional(),
  /** Milliseconds of the processor for each try of a task, all threads together; those that run at once share what they bring. @default 60000 */
  cpuMs: z.int().min(1_000).max(86_400_000).optional(),
  /** Processes and threads at once; Node takes some fifteen. @default 64 */
  processes: z.int().min(32).max(4_096).optional(),
  /** What its work folder holds. @default 64 MiB */
  fileBytes: z
    .int()
    .min(MIB)
    .max(65_536 * MIB)
    .optional(),
});
export type AgentSandbox = z.infer<typeof AgentSandbox>;

/** What is said alike of agents and workflows: how they are shown, found and bounded. */
const agentSpec = {
  description: z.string().optional(),
  skills: z.array(AgentSkill).optional(),
  /** Extensions of A2A that the agent speaks, for its card. */
  extensions: z.array(z.strictObject(AgentExtension.shape)).max(20).optional(),
  a2a: A2ASettings.optional(),
  mcp: McpSettings.optional(),
  /** Slots of a replica, and so of one node: every node has as many. For a limit over all nodes see `limits`. @default 100 */
  concurrency: z.int().min(1).max(10_000).optional(),
  /** Replicas on each node. @default 1 */
  replicas: z.int().min(0).max(1000).optional(),
  limits: z.strictObject({ concurrency: MaxRunning.optional() }).optional(),
  /** Beside what the code, or the workflow, subscribes to. */
  triggers: z.array(Trigger).max(50).optional(),
  /** Milliseconds a task may take from its submission. @default none */
  timeoutMs: z.int().positive().optional(),
  cost: z.strictObject({ perTask: z.number().nonnegative() }).optional(),
  quality: z.number().min(0).max(1).optional(),
};

export const AgentManifest = z.strictObject({
  ...header,
  kind: z.literal("Agent"),
  spec: z
    .strictObject({
      ...agentSpec,
      code: Code.optional(),
      /** An agent without code: a model with instructions. `provider/model` or the name of a Model manifest. */
      model: z.string().optional(),
      instructions: z.string().optional(),
      /** Of an agent without code. @default with a model: react */
      strategy: DeclaredStrategy.optional(),
      /** An agent that is there, under options of yours. */
      standard: StandardAgent.optional(),
      context: DeclaredContext.optional(),
      /** Of what a task of an agent without code is given. @default anything */
      input: JsonSchema.optional(),
      /** Of what it comes to; an answer that does not fit is repaired once, then fails it. @default text */
      output: JsonSchema.optional(),
      /** Around the agent and its tools, in this order, behind those of its code. @default none */
      guardrails: z.array(DeclaredGuardrail).min(1).max(20).optional(),
      /** Its errors, and how long its tasks take, are told by events (docs/standard-agents.md#telling-what-happens). @default false */
      reports: z.boolean().optional(),
      /** Names of Tool manifests whose tools the model may call; of an agent with code: those that it may ask for beside its own. */
      tools: z.array(Name).max(50).optional(),
      /** An agent of another platform. */
      remote: Remote.optional(),
      /** A command-line program that works in a git repository (docs/coding-agents.md). */
      coding: CodingSpec.optional(),
      /**
       * Where the code runs: in a thread or a process of its own it can be ended, or end, without the node; in a sandbox it also finds nothing
       * of the machine but what it is made of (docs/isolation.md).
       * @default in the node
       */
      isolation: z.enum(["thread", "process", "sandbox"]).optional(),
      sandbox: AgentSandbox.optional(),
      /** Of code that runs in a thread or a process of its own: its JavaScript heap. @default 512 MiB */
      heapBytes: z
        .int()
        .min(32 * 2 ** 20)
        .max(64 * 2 ** 30)
        .optional(),
      /** Handed to the code as `ctx.env`. Not for secrets: manifests are stored and shown. */
      env: z.record(z.string(), z.string()).optional(),
    })
    .superRefine((spec, context) => {
      const { code, model, remote, strategy, standard, isolation, coding } = spec;
      const refuse = (member: keyof typeof spec, message: string): void =>
        context.addIssue({ code: "custom", path: [member], message });
      if ([code, model, remote, strategy, standard, coding].every((way) => way === undefined))
        refuse("code", "expected code, model, strategy, standard, coding or remote");
      if (isolation !== undefined && code === undefined)
        refuse("isolation", "says nothing about an agent without code");
      if (spec.reports !== undefined && isolation !== undefined)
        refuse("reports", "expected none beside isolation; have its code tell them, by reported()");
      if (spec.heapBytes !== undefined && isolation === undefined)
        refuse("heapBytes", "says nothing about an agent that runs in the node; set isolation");
      if (spec.sandbox !== undefined && isolation !== "sandbox")
        refuse("sandbox", "says nothing about an agent that is not in one; set isolation: sandbox");
      if (
        isolation === "sandbox" &&
        spec.heapBytes !== undefined &&
        spec.heapBytes > (spec.sandbox?.memoryBytes ?? 1_024 * MIB)
      )
        refuse("heapBytes", "is more than sandbox.memoryBytes, which holds all that runs there");
      // Of one that runs elsewhere, or is written in code, what is said here about how it works would say nothing.
      const [whose, idle] =
        remote !== undefined
          ? (["that is remote", ["code", "standard", "coding", ...OF_MODELS, "tools", "env"]] as const)
          : standard !== undefined
            ? (["that is a standard one", OF_STANDARD] as const)
            : coding !== undefined
              ? (["that is a coding program", ["code", ...OF_MODELS, "tools", "env"]] as const)
              : (["whose work is code", code === undefined ? [] : OF_MODELS] as const);
      for (const member of idle) if (spec[member] !== undefined) refuse(member, `says nothing about an agent ${whose}`);
    }),
});
export type AgentManifest = z.infer<typeof AgentManifest>;

/** A workflow without code (docs/workflows.md). Its graph is judged by `WorkflowGraph`, which only those load that have one. */
export const WorkflowManifest = z.strictObject({
  ...header,
  kind: z.literal("Workflow"),
  spec: z.strictObject({
    ...agentSpec,
    /** @default "0.1.0" */
    version: z.string().min(1).max(64).optional(),
    /** Of what a task is given. @default anything */
    input: JsonSchema.optional(),
    /** Of what it comes to; a result that does not fit fails it. @default anything */
    output: JsonSchema.optional(),
    /** Event types whose durable events start a run, once per event. */
    subscribes: z.array(z.string().min(1).max(256)).max(100).optional(),
    /** The node that it begins with. */
    start: z.string(),
    nodes: z.record(z.string(), z.unknown(), { error: "expected nodes by name" }),
    /** How what runs of revisions before it recorded is to be read, as far as these have such nodes. @default as it is */
    migrate: MigrationRules.optional(),
  }),
});
export type WorkflowManifest = z.infer<typeof WorkflowManifest>;

/** A model under a name of its own, for all agents of the tenant. */
export const ModelManifest = z.strictObject({ ...header, kind: z.literal("Model"), spec: ModelSpec });
export type ModelManifest = z.infer<typeof ModelManifest>;

/** Tools under a name of their own, for agents of the tenant that name them (docs/mcp.md). */
export const ToolManifest = z.strictObject({ ...header, kind: z.literal("Tool"), spec: ToolSpec });
export type ToolManifest = z.infer<typeof ToolManifest>;

/** What model calls of the tenant may cost (docs/models.md#budgets). */
export const BudgetManifest = z.strictObject({ ...header, kind: z.literal("Budget"), spec: BudgetSpec });
export type BudgetManifest = z.infer<typeof BudgetManifest>;

/** What tools of the tenant's agents may do (docs/tools.md#policies). */
export const PolicyManifest = z.strictObject({ ...header, kind: z.literal("Policy"), spec: PolicySpec });
export type PolicyManifest = z.infer<typeof PolicyManifest>;

/** A tenant, named by its id, for all nodes together. Tenants need none: what it does not say has its default. */
export const TenantManifest = z.strictObject({
  ...header,
  kind: z.literal("Tenant"),
  spec: z.strictObject({
    /** Its share of a full node, against the weights of the others that have work waiting. @default 1 */
    weight: z.int().min(1).max(1000).optional(),
    limits: z
      .strictObject({
        concurrency: MaxRunning.optional(),
        /** Tasks that wait to run, over all nodes; more are refused as OVERLOADED. @default 100,000 */
        backlog: z.int().min(1).max(10_000_000).optional(),
      })
      .optional(),
    /** How agents are found that can do what a `need:` says. Without it by words, and by vectors of words where they are installed. */
    discovery: z
      .strictObject({
        /** A model of the tenant that makes vectors. @default none */
        embedder: z.string().min(1).max(256).optional(),
        /** Least similarity of an agent that is found by meaning alone. @default 0.75 */
        minSimilarity: z.number().min(0).max(1).optional(),
        /** A model of the tenant that chooses among the nearest where nobody is found. @default none: nobody has it then */
        decider: z
          .strictObject({
            model: z.string().min(1).max(256),
            /** The nearest that it is shown. @default 5 */
            candidates: z.int().min(1).max(20).optional(),
            /** @default 10000 */
            timeoutMs: z.int().min(100).max(120_000).optional(),
          })
          .optional(),
      })
      .superRefine(({ embedder, minSimilarity, decider }, context) => {
        if (embedder === undefined && decider === undefined)
          context.addIssue({ code: "custom", path: ["embedder"], message: "expected embedder, decider or both" });
        if (embedder === undefined && minSimilarity !== undefined)
          context.addIssue({ code: "custom", path: ["minSimilarity"], message: "says nothing without embedder" });
      })
      .optional(),
    /** How long what is over stays. No task goes unless it says so. */
    retention: z
      .strictObject({
        /** So long after a task's end its events but the last become one; of a task that runs, events so old before its last checkpoint. */
        compactAfter: DurationText.optional(),
        /** So long after its end a task goes altogether. */
        removeAfter: DurationText.optional(),
        /** So long after its hour a sum of usage goes, and a counter of a budget after its period; at least 1d. @default 400d */
        removeUsageAfter: UsageLife.optional(),
        /** So long after it was last read or written a file goes from homes of coding agents. @default 30d, or removeAfter where that is less */
        removeHomeFilesAfter: DurationText.optional(),
        /** Of such homes together, on each node; of more, what was used longest ago goes. @default 2147483648 */
        maxHomeBytes: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
      })
      .optional(),
  }),
});
export type TenantManifest = z.infer<typeof TenantManifest>;

/** Work that begins by itself, at certain times. */
export const ScheduleManifest = z.strictObject({ ...header, kind: z.literal("Schedule"), spec: ScheduleSpec });
export type ScheduleManifest = z.infer<typeof ScheduleManifest>;

/** What several agents remember together, and how agents' own memory is kept (docs/memory.md). */
export const MemoryPoolManifest = z.strictObject({ ...header, kind: z.literal("MemoryPool"), spec: MemoryPoolSpec });
export type MemoryPoolManifest = z.infer<typeof MemoryPoolManifest>;

export const MANIFEST_KINDS = [
  "Agent",
  "Workflow",
  "Model",
  "Tool",
  "Budget",
  "Policy",
  "Tenant",
  "Schedule",
  "MemoryPool",
] as const;
export const Manifest = z.discriminatedUnion(
  "kind",
  [
    AgentManifest,
    WorkflowManifest,
    ModelManifest,
    ToolManifest,
    BudgetManifest,
    PolicyManifest,
    TenantManifest,
    ScheduleManifest,
    MemoryPoolManifest,
  ],
  {
    error: (issue) => (issue.code === "invalid_union" ? `expected one of ${MANIFEST_KINDS.join(", ")}` : undefined),
  },
);
export type Manifest = z.infer<typeof Manifest>;
export type ManifestKind = Manifest["kind"];

/** A workflow is an agent: called, shown and limited as any other, and under a name of its own among them all. */
export type AnyAgentManifest = AgentManifest | WorkflowManifest;
export const declaresAgent = (manifest: Manifest): manifest is AnyAgentManifest => isAgentKind(manifest.kind);
export const isAgentKind = (kind: ManifestKind): kind is AnyAgentManifest["kind"] =>
  kind === "Agent" || kind === "Workflow";
