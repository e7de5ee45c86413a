/** One life of the program under test: real engine, bus and registry over a store that outlives it. */
import { PlatformError } from "@agentcore/contract";
import type { AgentDefinition, Context } from "@agentcore/contract/authoring";
import { type Authoriser, type Bus, createBus } from "@agentcore/core/bus";
import { AgentDiscovery, createRegistryAgent } from "@agentcore/core/discovery";
import type { DeclaredPolicy } from "@agentcore/core/governance";
import type { MemoryTaskStore } from "@agentcore/core/inprocess";
import type { Digest, Ids, KeyValue, Logger, ModelProvider, ToolProvider, VectorIndex } from "@agentcore/core/ports";
import { AgentRegistry, createReplica } from "@agentcore/core/registry";
import {
  createBusRouter,
  createMemoryReader,
  createTaskService,
  MEMORY_AGENT,
  PlatformAgents,
  REGISTRY_AGENT,
  TaskEngine,
  type TaskService,
} from "@agentcore/core/tasks";
import { contextWith } from "./context-with.ts";
import { type CrashBook, createCrashStore } from "./crash-store.ts";
import { runnableAgent } from "./runnable-agent.ts";
import { ProcessClock, type TestTime } from "./test-clock.ts";
import { openTestMemory, type TestMemoryOptions } from "./test-memory.ts";

export const TENANT = "test";
const REVISION = "test";
const NODE = "test";

export interface TestWorld {
  readonly time: TestTime;
  readonly ids: Ids;
  readonly digest: Digest;
  readonly logger: Logger;
  readonly keyValue: KeyValue;
  readonly tools: ToolProvider;
  readonly vectorIndex: VectorIndex;
  readonly memory: TestMemoryOptions;
  readonly book: CrashBook;
  readonly agents: readonly AgentDefinition[];
  readonly env: Readonly<Record<string, string>>;
  readonly concurrency: number;
  readonly policies: readonly DeclaredPolicy[];
  /** Names of the bodies that ran, in order of their start. */
  readonly effects: string[];
  /** Idempotency keys of the bodies that ran, by their names. */
  readonly keys: Map<string, Set<string>>;
  /** Breaches of the engine's promises, for the test to fail with. */
  readonly breaches: PlatformError[];
}

export interface TestProcess {
  readonly tasks: TaskService;
  readonly engine: TaskEngine;
  readonly clock: ProcessClock;
  /** True while a body of author code or the platform's memory is at work, or a turn is awaited. */
  readonly busy: () => boolean;
  readonly crash: () => void;
}

export const startProcess = async (
  world: TestWorld,
  store: MemoryTaskStore,
  models: ModelProvider | null,
  onCrash: () => void,
): Promise<TestProcess> => {
  const clock = new ProcessClock(world.time);
  const senses = { clock, ids: world.ids, digest: world.digest, logger: world.logger };
  let running = 0;
  let dead = false;
  const crash = (): void => {
    if (dead) return;
    dead = true;
    clock.die();
    crashStore.die();
    onCrash();
  };
  const crashStore = createCrashStore(store, world.book, crash);

  const counted = async <T>(body: () => T | Promise<T>): Promise<T> => {
    running += 1;
    try {
      return await body();
    } finally {
      running -= 1;
    }
  };
  const watched = <T>(name: string, key: string | null, body: () => T | Promise<T>): Promise<T> => {
    if (key !== null && world.book.recorded.has(key))
      world.breaches.push(new PlatformError("INTERNAL", `${name} ran again although its outcome is recorded (I3)`));
    world.effects.push(name);
    if (key !== null) world.keys.set(name, (world.keys.get(name) ?? new Set()).add(key));
    return counted(body);
  };
  const watchContext = (ctx: Context): Context =>
    contextWith(ctx, {
      step: (name, body, options) =>
        ctx.step(name, (step) => watched(`step:${name}`, step.idempotencyKey, () => body(step)), options),
      tool: (tool, input, options) =>
        ctx.tool(
          {
            ...tool,
            execute: (value, context) =>
              watched(`tool:${tool.name}`, context.idempotencyKey, () => tool.execute(value, context)),
          },
          input,
          options,
        ),
    });
  const watchAgent = (definition: AgentDefinition): AgentDefinition => {
    const { run, answer } = definition;
    return {
      ...definition,
      ...(run === undefined ? {} : { run: (task, ctx) => run(task, watchContext(ctx)) }),
      ...(answer === undefined
        ? {}
        : { answer: (query, ctx) => watched(`answer:${definition.name}`, null, () => answer(query, ctx)) }),
    };
  };
  const watchedModels: ModelProvider | null =
    models === null
      ? null
      : {
          generate: (request, options) =>
            watched(`model:${request.model}`, options.id, () => models.generate(request, options)),
          grant: (tenantId, grant, id) => models.grant(tenantId, grant, id),
        };

  // Time jumps: nobody beats a heart meanwhile, and nobody is dead for it.
  const registry = new AgentRegistry({ clock, heartbeatTimeoutMs: Number.POSITIVE_INFINITY });
  const loaded = new Map<string, AgentDefinition>();
  for (const definition of world.agents) loaded.set(definition.name, watchAgent(await runnableAgent(definition)));
  for (const { name, description, skills, labels, subscribes, idempotent } of world.agents) {
    registry.register({
      tenantId: TENANT,
      name,
      revision: REVISION,
      description,
      skills,
      labels,
      subscribes,
      idempotent,
      replicas: [createReplica(`${name}-0`, NODE)],
    });
  }
  const discovery = new AgentDiscovery({ ...senses, registry });
  let bus: Bus;
  const platform = new PlatformAgents({
    ...{ registry, node: NODE, secret: world.ids.secret() },
    load: {
      [MEMORY_AGENT]: async () => {
        const agent = await counted(() =>
          openTestMemory(world.memory, { ...world, ...senses, tasks: () => process.tasks, isDead: () => dead }),
        );
        return {
          answer: (message, signal) => counted(() => agent.answer(message, signal)),
          perform: (message, signal) => counted(async () => agent.perform?.(message, signal)),
        };
      },
      [REGISTRY_AGENT]: async () => {
        const agent = createRegistryAgent({ bus: () => bus, registry, refuse });
        return { answer: (message, signal) => counted(() => agent.answer(message, signal)) };
      },
    },
  });
  const refuse: NonNullable<Authoriser["refuse"]> = ({ permissions }, { name }) => platform.refuse(permissions, name);
  const { router, sink } = createBusRouter({ bus: () => bus, registry, ids: world.ids, platform });
  bus = createBus({
    registry,
    senses,
    discovery,
    authoriser: { authorise: () => undefined, refuse },
    interceptors: [platform.enlist()],
    deliver: {
      commands: sink,
      query: platform.delivery(async (record, _replica, message, signal) => {
        const answer = loaded.get(record.name)?.answer;
        if (answer === undefined)
          throw new PlatformError(
            "UNSUPPORTED_OPERATION",
            `agent ${record.name} answers no queries; give testAgent \`queries: { "${record.name}": … }\``,
          );
        const write = (text: string): void => world.logger.log("info", text, { tenantId: TENANT });
        return answer(
          { tenantId: TENANT, payload: message.payload },
          {
            tenantId: TENANT,
            signal,
            env: world.env,
            memory: createMemoryReader(world.keyValue, TENANT, record.name),
            log: { debug: write, info: write, warn: write, error: write },
            query: <T>(target: Parameters<Context["query"]>[0], payload: unknown) =>
              bus.query(
                { tenantId: TENANT, source: `agent:${record.name}`, target, payload },
                { caller: { tenantId: TENANT, caller: "test" }, signal },
              ) as Promise<T>,
          },
        );
      }),
    },
  });
  const engine = new TaskEngine({
    store: crashStore.store,
    keyValue: world.keyValue,
    models: watchedModels,
    policies: () => world.policies,
    tools: world.tools,
    host: {
      capacities: new Map(),
      load: ({ agent }) => {
        const definition = loaded.get(agent);
        return definition === undefined ? null : { definition, env: world.env, concurrency: world.concurrency };
      },
    },
    router,
    senses,
    node: NODE,
    outsideAwaitMs: OUTSIDE_AWAIT_MS,
  });
  const process: TestProcess = {
    tasks: createTaskService(engine),
    engine,
    clock,
    busy: () => running > 0 || clock.busy || engine.eventWaits.conditions.isLoading,
    crash,
  };
  await engine.start();
  return process;
};

/** Time moves only by hand, so the engine's patience may be short: nobody is slow here. */
export const OUTSIDE_AWAIT_MS = 1;
