import type {
  BudgetStatus,
  CacheStatus,
  Debugging,
  Forgotten,
  Manifest,
  ManifestKind,
  MemoryEntry,
  NodeStatus,
  Part,
  Recalled,
  ScheduleStatus,
  TaskEvent,
} from "@agentcore/contract";
import { formatTarget } from "@agentcore/contract/target";
import { ApiConnection } from "./api-connection.ts";
import { readChat } from "./chat.ts";
import { followEvents } from "./follow-events.ts";
import { runTask } from "./run-task.ts";
import type * as types from "./types.ts";

/** Every method rejects with a PlatformError of the server's code, UNAVAILABLE when it cannot be reached, or the signal's reason. */
export interface Client {
  /** Hands in a task; durable when it resolves. Sent again with the same idempotency key after failures that may pass. */
  submit(task: types.SubmitTask, options?: types.CallOptions): Promise<types.TaskSnapshot>;
  /**
   * Submits and waits for the result, over lost connections and for days if need be. Rejects with the task's own error,
   * CANCELED, or the reason it is parked for. A task that waits for input is waited for.
   */
  run<Output = unknown>(
    task: Omit<types.SubmitTask, "wait">,
    options?: types.RunOptions,
  ): Promise<types.RunResult<Output>>;
  get(taskId: string, options?: types.CallOptions): Promise<types.TaskSnapshot>;
  list(options?: types.ListTasksOptions): Promise<types.TaskPage>;
  /** The log after `after`, then what is added, without gap or repeat, until the task has ended. */
  events(taskId: string, options?: types.EventsOptions): AsyncIterable<TaskEvent>;
  cancel(taskId: string, options?: types.CallOptions & { readonly reason?: string }): Promise<types.TaskSnapshot>;
  /** Grants or refuses access that the task waits for (`auth-required`). The same decision again changes nothing. */
  /** What waits for the caller, page by page. */
  inbox(options?: types.InboxOptions): Promise<types.InboxPage>;
  /** Rejects with DECISION_REFUSED when it does not count; `decided` is false while others have to choose. */
  decide(
    taskId: string,
    answer: types.DecisionAnswer,
    options?: types.CallOptions,
  ): Promise<{ readonly id: string; readonly decided: boolean }>;
  authorize(
    taskId: string,
    decision?: types.AuthorizationDecision,
    options?: types.CallOptions,
  ): Promise<types.TaskSnapshot>;
  /** Tells it something by name: `ctx.waitForSignal`. Sent again with the same idempotency key after failures that may pass. */
  signal(taskId: string, name: string, options?: types.SignalOptions): Promise<types.TaskSnapshot>;
  /** Runs the code of a task over its log, without any effect (operators): does it come to where the log is? */
  replay(taskId: string, options?: types.ReplayOptions): Promise<types.ReplayReport>;
  /** Runs a revision over the open tasks of its agent, without any effect (operators), a page at a time: which would go on under it? */
  replayOpen(agent: string, options?: types.ReplayOpenOptions): Promise<types.OpenTasksReport>;
  /** Moves an open task to another revision of its agent, if that comes to where its log is (operators). */
  migrate(taskId: string, options?: types.MigrateOptions): Promise<types.TaskMigration>;
  /** The same for the open tasks of an agent, a page at a time. */
  migrateOpen(agent: string, options?: types.MigrateOpenOptions): Promise<types.OpenTasksMigration>;
  /** A new task that begins where this one was (operators). Rejects with REPLAY_DIFFERS when the code does not come there. */
  fork(taskId: string, options?: types.ForkOptions): Promise<types.ForkedTask>;
  /** Events that a fork can begin after (operators): all results, or those that fit any of what is asked for. */
  checkpoints(taskId: string, options?: types.CheckpointOptions): Promise<types.CheckpointPage>;
  /** Where a task is to be held, and which calls are (operators). */
  breakpoints(taskId: string, options?: types.CallOptions): Promise<Debugging>;
  /** Holds the task before calls that match, in place of the breakpoints that there are; `next`: before the next call. */
  setBreakpoints(
    taskId: string,
    breakpoints: readonly string[],
    options?: types.CallOptions & { readonly next?: boolean },
  ): Promise<Debugging>;
  /** Lets what is held go on. Rejects with UNSUPPORTED_OPERATION when nothing like that is held. */
  debug(taskId: string, action: types.DebugAction, options?: types.CallOptions): Promise<Debugging>;
  /** Lets a parked task go on. */
  retry(taskId: string, options?: types.CallOptions): Promise<types.TaskSnapshot>;
  /** A follow-up or an answer. Sent again with the same messageId after failures that may pass. */
  send(taskId: string, content: types.MessageContent, options?: types.CallOptions): Promise<types.TaskSnapshot>;
  agents(options?: types.AgentsOptions): Promise<types.AgentsAnswer>;
  agent(name: string, options?: types.CallOptions): Promise<types.AgentSummary>;
  /** Models that the caller may name. */
  models(options?: types.CallOptions): Promise<{ readonly models: readonly types.ModelSummary[] }>;
  /** Tool manifests, and how their tools are to be had on the node (operators). */
  toolManifests(options?: types.CallOptions): Promise<{ readonly items: readonly types.ToolManifestStatus[] }>;
  /** Libraries that Tool manifests may name, and what each takes (operators). */
  toolLibraries(options?: types.CallOptions): Promise<{ readonly items: readonly types.ToolLibraryStatus[] }>;
  /** Who has consented to the server of one; of others than oneself for operators. */
  toolConsents(name: string, options?: types.CallOptions): Promise<{ readonly items: readonly types.ToolConsent[] }>;
  /** Takes back what somebody has consented to; another's for operators. @default one's own */
  revokeToolConsent(
    name: string,
    options?: types.CallOptions & { readonly caller?: string },
  ): Promise<{ readonly caller: string }>;
  /** The tools of one, as its server or library lists them (operators). */
  tools(name: string, options?: types.CallOptions): Promise<{ readonly items: readonly types.DeclaredTool[] }>;
  /** Calls one of them outside of any task; `tool`: by either of its names (operators). */
  callTool(
    name: string,
    tool: string,
    input: Readonly<Record<string, unknown>>,
    options?: types.CallOptions,
  ): Promise<{ readonly result: unknown }>;
  /**
   * Asks a model or an agent, and gives the answer as it comes. A model's call is broken off when `signal` aborts or nobody iterates on; an
   * agent's task goes on.
   */
  chat(request: types.ChatRequest, options?: types.CallOptions): AsyncIterable<types.ChatPiece>;
  workflows(options?: types.CallOptions): Promise<{ readonly workflows: readonly types.WorkflowSummary[] }>;
  /** Of the revision that is declared now, unless `revision` says which. */
  workflowGraph(
    name: string,
    options?: types.CallOptions & { readonly revision?: string },
  ): Promise<types.WorkflowGraphAnswer>;
  /** As a flowchart for Mermaid. */
  workflowDiagram(name: string, options?: types.CallOptions & { readonly revision?: string }): Promise<string>;
  /** How far a task of a workflow has come. Rejects with UNSUPPORTED_OPERATION for a task of anything else. */
  progress(taskId: string, options?: types.CallOptions): Promise<types.TaskProgress>;
  manifests(options?: types.CallOptions & { readonly kind?: ManifestKind; readonly name?: string }): Promise<unknown>;
  /** YAML text, one manifest or several. Applying the same twice changes nothing. */
  apply(manifests: string | Manifest | readonly Manifest[], options?: types.CallOptions): Promise<unknown>;
  /** What `apply` would change. */
  diff(manifests: string | Manifest | readonly Manifest[], options?: types.CallOptions): Promise<unknown>;
  deleteManifest(kind: ManifestKind, name: string, options?: types.CallOptions): Promise<unknown>;
  /** How the tenant's schedules go (operators). They are applied and deleted as manifests. */
  schedules(options?: types.CallOptions): Promise<{ readonly schedules: readonly ScheduleStatus[] }>;
  /** Rejects with NOT_FOUND when there is none of that name. */
  schedule(name: string, options?: types.CallOptions): Promise<ScheduleStatus>;
  /** How budgets stand on the tenant's model calls (operators). They are applied and deleted as manifests. */
  budgets(options?: types.CallOptions): Promise<{ readonly budgets: readonly BudgetStatus[] }>;
  /** What the cache of models has done for the tenant on this node (operators). */
  cache(options?: types.CallOptions): Promise<CacheStatus>;
  /** Forgets all answers of the tenant (operators). */
  clearCache(options?: types.CallOptions): Promise<unknown>;
  /** Pools of memories that the caller may read, a page at a time. */
  memoryPools(options?: types.PageOptions): Promise<types.MemoryPoolPage>;
  memories(pool: string, options?: types.PageOptions): Promise<types.MemoryPage>;
  /** Rejects with NOT_FOUND when the pool has none of that id. */
  memory(pool: string, id: string, options?: types.CallOptions): Promise<MemoryEntry>;
  /** Searches a pool as an agent does. */
  recall(request: types.RecallMemories, options?: types.CallOptions): Promise<Recalled>;
  /** Gone when it resolves (operators). Without a pool: of all the tenant's. */
  forget(request: types.ForgetMemories, options?: types.CallOptions): Promise<Forgotten>;
  /** What models were used for; of operators all of the tenant, of others their own calls. */
  usage(query?: types.UsageOptions): Promise<types.UsageAnswer>;
  /** The nodes that share the store, with the tenant's agents on each. */
  nodes(options?: types.CallOptions): Promise<{ readonly nodes: readonly NodeStatus[] }>;
  /** Rejects with NOT_FOUND when there is none of that name. */
  node(name: string, options?: types.CallOptions): Promise<NodeStatus>;
  /**
   * Lets a node give its tasks to the others, and take none until `undrainNode`, also after a restart; done when its state is
   * `drained`. `graceMs`: 0 to 3,600,000 for running steps to end; 30,000 when not given.
   */
  drainNode(name: string, options?: types.CallOptions & { readonly graceMs?: number }): Promise<NodeStatus>;
  undrainNode(name: string, options?: types.CallOptions): Promise<void>;
  /** Removes and compacts a bounded part of what a tenant's policy lets go (operators); with `dryRun` only tells. */
  collectGarbage(request?: types.CollectGarbage, options?: types.CallOptions): Promise<types.CollectedGarbage>;
  /** All that the node's store holds, for `agentcore restore`; for operators of the tenant `default`. */
  backup(options?: types.CallOptions): Promise<AsyncIterable<Uint8Array>>;
  health(options?: types.CallOptions): Promise<unknown>;
  /** Whether the node takes work, and if not, why. */
  readiness(options?: types.CallOptions): Promise<types.Readiness>;
}

/** Talks to a node's HTTP API. Runs in Node and in browsers. Throws INVALID_ARGUMENT when `url` is not http(s). */
export const createClient = (options: types.ClientOptions): Client => {
  const connection = new ApiConnection(options);
  const tasks = "/api/v1/tasks";
  const at = (taskId: string, verb = "") => `${tasks}/${encodeURIComponent(taskId)}${verb}`;

  const ofNode = (name: string, verb = "") => `/api/v1/nodes/${encodeURIComponent(name)}${verb}`;

  const graphOf = (name: string) => `/api/v1/workflows/${encodeURIComponent(name)}/graph`;

  const submit: Client["submit"] = ({ target, idempotencyKey = freshId(), ...task }, { signal } = {}) =>
    connection.jsonWithRetry("POST", tasks, {
      body: { ...task, idempotencyKey, target: typeof target === "string" ? target : formatTarget(target) },
      signal,
    });
  const get: Client["get"] = (taskId, { signal } = {}) => connection.json("GET", at(taskId), { signal });
  const events: Client["events"] = (taskId, eventsOptions = {}) => followEvents(connection, taskId, eventsOptions);

  return {
    submit,
    run: (task, runOptions = {}) => runTask({ submit, get, events }, task, runOptions),
    get,
    list: ({ signal, agent, state, contextId, pageSize, pageToken } = {}) =>
      connection.json("GET", tasks, { query: { agent, state, contextId, pageSize, pageToken }, signal }),
    events,
    cancel: (taskId, { signal, reason } = {}) =>
      connection.json("POST", at(taskId, "/cancel"), { body: reason === undefined ? {} : { reason }, signal }),
    inbox: ({ signal, ...query } = {}) => connection.json("GET", "/api/v1/inbox", { query: { ...query }, signal }),
    decide: (taskId, { id = freshId(), ...answer }, { signal } = {}) =>
      connection.jsonWithRetry("POST", at(taskId, "/decisions"), { body: { id, ...answer }, signal }),
    authorize: (taskId, decision = {}, { signal } = {}) =>
      connection.jsonWithRetry("POST", at(taskId, "/authorize"), { body: decision, signal }),
    signal: (taskId, name, { signal, payload, idempotencyKey = freshId() } = {}) =>
      connection.jsonWithRetry("POST", at(taskId, `/signals/${encodeURIComponent(name)}`), {
        body: { payload, idempotencyKey },
        signal,
      }),
    retry: (taskId, { signal } = {}) => connection.json("POST", at(taskId, "/retry"), { body: {}, signal }),
    replay: (taskId, { signal, ...body } = {}) => connection.json("POST", at(taskId, "/replay"), { body, signal }),
    replayOpen: (agent, { signal, ...body } = {}) =>
      connection.json("POST", `/api/v1/agents/${encodeURIComponent(agent)}/replay`, { body, signal }),
    migrate: (taskId, { signal, ...body } = {}) =>
      connection.jsonWithRetry("POST", at(taskId, "/migrate"), { body, signal }),
    migrateOpen: (agent, { signal, ...body } = {}) =>
      connection.jsonWithRetry("POST", `/api/v1/agents/${encodeURIComponent(agent)}/migrate`, { body, signal }),
    fork: (taskId, { signal, idempotencyKey = freshId(), ...body } = {}) =>
      connection.jsonWithRetry("POST", at(taskId, "/fork"), { body: { ...body, idempotencyKey }, signal }),
    checkpoints: (taskId, { signal, ...query } = {}) =>
      connection.json("GET", at(taskId, "/checkpoints"), { query: { ...query }, signal }),
    breakpoints: (taskId, { signal } = {}) => connection.json("GET", at(taskId, "/breakpoints"), { signal }),
    setBreakpoints: (taskId, breakpoints, { signal, next = false } = {}) =>
      connection.json("POST", at(taskId, "/breakpoints"), { body: { breakpoints, next }, signal }),
    debug: (taskId, action, { signal } = {}) => connection.json("POST", at(taskId, "/debug"), { body: action, signal }),
    send: (taskId, content, { signal } = {}) =>
      connection.jsonWithRetry("POST", at(taskId, "/messages"), { body: toBody(content), signal }),
    agents: ({ signal, ...query } = {}) => connection.json("GET", "/api/v1/agents", { query, signal }),
    agent: (name, { signal } = {}) => connection.json("GET", `/api/v1/agents/${encodeURIComponent(name)}`, { signal }),
    models: ({ signal } = {}) => connection.json("GET", "/api/v1/models", { signal }),
    toolManifests: ({ signal } = {}) => connection.json("GET", "/api/v1/tools", { signal }),
    toolLibraries: ({ signal } = {}) => connection.json("GET", "/api/v1/tool-libraries", { signal }),
    tools: (name, { signal } = {}) => connection.json("GET", `/api/v1/tools/${encodeURIComponent(name)}`, { signal }),
    toolConsents: (name, { signal } = {}) =>
      connection.json("GET", `/api/v1/tools/${encodeURIComponent(name)}/consents`, { signal }),
    revokeToolConsent: (name, { caller, signal } = {}) =>
      connection.json("DELETE", `/api/v1/tools/${encodeURIComponent(name)}/consents`, {
        signal,
        query: caller === undefined ? {} : { caller },
      }),
    callTool: (name, tool, input, { signal } = {}) =>
      connection.json("POST", `/api/v1/tools/${encodeURIComponent(name)}/call`, { signal, body: { tool, input } }),
    chat: (request, chatOptions = {}) => readChat(connection, request, chatOptions),
    workflows: ({ signal } = {}) => connection.json("GET", "/api/v1/workflows", { signal }),
    workflowGraph: (name, { signal, revision } = {}) =>
      connection.json("GET", graphOf(name), { query: { revision }, signal }),
    workflowDiagram: (name, { signal, revision } = {}) =>
      connection.text("GET", graphOf(name), { query: { revision, format: "mermaid" }, signal }),
    progress: (taskId, { signal } = {}) => connection.json("GET", at(taskId, "/progress"), { signal }),
    manifests: ({ signal, kind, name } = {}) =>
      connection.json("GET", "/api/v1/manifests", { query: { kind, name }, signal }),
    apply: (manifests, { signal } = {}) => connection.json("POST", "/api/v1/manifests", { body: manifests, signal }),
    diff: (manifests, { signal } = {}) =>
      connection.json("POST", "/api/v1/manifests", { query: { dryRun: true }, body: manifests, signal }),
    deleteManifest: (kind, name, { signal } = {}) =>
      connection.json("DELETE", `/api/v1/manifests/${encodeURIComponent(kind)}/${encodeURIComponent(name)}`, {
        signal,
      }),
    schedules: ({ signal } = {}) => connection.json("GET", "/api/v1/schedules", { signal }),
    schedule: (name, { signal } = {}) =>
      connection.json("GET", `/api/v1/schedules/${encodeURIComponent(name)}`, { signal }),
    budgets: ({ signal } = {}) => connection.json("GET", "/api/v1/budgets", { signal }),
    cache: ({ signal } = {}) => connection.json("GET", "/api/v1/cache", { signal }),
    clearCache: ({ signal } = {}) => connection.json("DELETE", "/api/v1/cache", { signal }),
    memoryPools: ({ signal, ...query } = {}) =>
      connection.json("GET", "/api/v1/memory", { query: { ...query }, signal }),
    memories: (pool, { signal, ...query } = {}) =>
      connection.json("GET", "/api/v1/memory/entries", { query: { ...query, pool }, signal }),
    memory: (pool, id, { signal } = {}) =>
      connection.json("GET", `/api/v1/memory/entries/${encodeURIComponent(id)}`, { query: { pool }, signal }),
    recall: (request, { signal } = {}) => connection.json("POST", "/api/v1/memory/recall", { body: request, signal }),
    // Forgotten twice is forgotten.
    forget: (request, { signal } = {}) =>
      connection.jsonWithRetry("POST", "/api/v1/memory/forget", { body: request, signal }),
    usage: ({ signal, by, ...query } = {}) =>
      connection.json("GET", "/api/v1/usage", { query: { ...query, by: by?.join(",") }, signal }),
    nodes: ({ signal } = {}) => connection.json("GET", "/api/v1/nodes", { signal }),
    node: (name, { signal } = {}) => connection.json("GET", ofNode(name), { signal }),
    drainNode: (name, { signal, graceMs } = {}) =>
      connection.json("POST", ofNode(name, "/drain"), { body: graceMs === undefined ? {} : { graceMs }, signal }),
    undrainNode: (name, { signal } = {}) => connection.json("POST", ofNode(name, "/undrain"), { signal }),
    collectGarbage: (request = {}, { signal } = {}) => connection.json("POST", "/api/v1/gc", { body: request, signal }),
    backup: async ({ signal } = {}) =>
      connection.bytes(await connection.send("GET", "/api/v1/backup", { signal }), signal),
    health: ({ signal } = {}) => connection.json("GET", "/healthz", { signal }),
    readiness: ({ signal } = {}) => connection.json("GET", "/readyz", { signal, answersWith: 503 }),
  };
};

/** `randomUUID` exists only in secure contexts; a page served over http from another machine is none. */
const freshId = (): string =>
  typeof crypto.randomUUID === "function"
    ? crypto.randomUUID()
    : Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The messageId makes a repeated call harmless. */
const toBody = (content: types.MessageContent): { readonly messageId: string; readonly parts: readonly Part[] } => {
  if (typeof content === "string") return { messageId: freshId(), parts: [{ text: content }] };
  if ("messageId" in content) return { messageId: content.messageId, parts: content.parts };
  return { messageId: freshId(), parts: content };
};
