/** The platform as the examples' tests need it: agents reach each other, steps are tried again, nothing is durable. */
import { createHash } from "node:crypto";
import { type AgentDefinition, type Context, PlatformError, type QueryContext, type Target } from "agentcore";

interface FakeOptions {
  /** Definitions of any input and output; no type says "of whatever". */
  readonly agents: readonly Pick<AgentDefinition, "name">[];
  readonly env?: Readonly<Record<string, string>>;
  /** Stands in for a model. Without it `ctx.model` fails as it does on a node without one. */
  readonly model?: (question: string) => string;
}

export class FakePlatform {
  readonly calls: string[] = [];
  readonly artifacts: {
    readonly agent: string;
    readonly name: string;
    readonly data?: unknown;
    readonly text?: string;
  }[] = [];
  readonly #options: FakeOptions;
  readonly #memory = new Map<string, unknown>();
  readonly #abort = new AbortController();
  #taskCount = 0;

  constructor(options: FakeOptions) {
    this.#options = options;
  }

  async run(name: string, input: unknown): Promise<unknown> {
    return this.#runTask(this.#agent({ agent: name })[0] as AgentDefinition, input);
  }

  #agent(target: Target): AgentDefinition[] {
    const agents = this.#options.agents as readonly AgentDefinition[];
    const found = agents.filter((each) =>
      "agent" in target
        ? each.name === target.agent
        : "capability" in target && each.skills.some(({ id }) => id === target.capability),
    );
    if (found.length === 0) throw new PlatformError("NO_CANDIDATE", `nobody for ${JSON.stringify(target)}`);
    return found;
  }

  async #command(target: Target, payload: unknown): Promise<unknown> {
    // In the order they were given; the next one gets it after a retryable failure, as on the platform.
    let last: unknown;
    for (const candidate of this.#agent(target)) {
      this.calls.push(`command ${candidate.name}`);
      try {
        return await this.#runTask(candidate, payload);
      } catch (error) {
        last = error;
        if (!PlatformError.is(error) || !error.retryable) throw error;
      }
    }
    throw last;
  }

  async #query(target: Target, payload: unknown): Promise<unknown> {
    const [agent] = this.#agent(target);
    this.calls.push(`query ${agent?.name}`);
    const ctx: QueryContext = {
      log: silent,
      signal: this.#abort.signal,
      env: this.#options.env ?? {},
      tenantId: "default",
      memory: { get: async () => null },
      query: (next, value) => this.#query(next, value) as Promise<never>,
    };
    return asJson(await agent?.answer?.({ tenantId: "default", payload: asJson(payload) }, ctx));
  }

  async #runTask(definition: AgentDefinition, input: unknown): Promise<unknown> {
    const id = `task-${(this.#taskCount += 1)}`;
    const checked = await check(definition.input, asJson(input), "INVALID_ARGUMENT");
    const task = { id, contextId: "context", tenantId: "default", caller: "someone", input: checked };
    return asJson(
      await check(definition.output, await definition.run?.(task, this.#context(definition, id)), "OUTPUT_MISMATCH"),
    );
  }

  #context(definition: AgentDefinition, taskId: string): Context {
    const { signal } = this.#abort;
    const underWay = new Set<string>();
    // The platform refuses two calls of one name and key at once; so does this.
    const call = async <T>(path: string, work: () => Promise<unknown> | unknown): Promise<T> => {
      signal.throwIfAborted();
      if (underWay.has(path)) throw new PlatformError("STEP_KEY_COLLISION", path);
      underWay.add(path);
      try {
        const result = await work();
        signal.throwIfAborted();
        return asJson(result) as T;
      } finally {
        underWay.delete(path);
      }
    };
    const unsupported = (what: string) => (): never => {
      throw new Error(`the fake platform has no ${what}`);
    };
    return {
      log: silent,
      signal,
      env: this.#options.env ?? {},
      messages: [],
      decide: (_name, choose) => {
        const made = choose();
        return typeof made === "object" ? made.choice : made;
      },
      tools: unsupported("declared tools"),
      waitForSignal: unsupported("signals"),
      waitForEvent: unsupported("events"),
      memory: {
        get: (key) => call(`get ${key}`, () => this.#memory.get(`${definition.name}/${key}`) ?? null),
        set: async (key, value) => void this.#memory.set(`${definition.name}/${key}`, asJson(value)),
        delete: async (key) => void this.#memory.delete(`${definition.name}/${key}`),
        remember: unsupported("long-term memory"),
        recall: unsupported("long-term memory"),
        history: unsupported("long-term memory"),
        forget: unsupported("long-term memory"),
      },
      step: (name, work, options = {}) =>
        call(`step ${name} ${options.key}`, async () => {
          const tries = options.retry?.maxAttempts ?? 4;
          for (let attempt = 1; ; attempt += 1) {
            this.calls.push(`step ${definition.name} ${name}`);
            try {
              return await work({
                signal,
                idempotencyKey: hash(`${taskId}/${name}/${options.key}`),
                attempt,
                input: options.input,
                credential: unsupported("credentials"),
              });
            } catch (error) {
              if (attempt >= tries || (PlatformError.is(error) && !error.retryable)) throw error;
            }
          }
        }),
      command: (target, payload, options = {}) =>
        call(`command ${JSON.stringify(target)} ${options.key}`, () => this.#command(target, payload)),
      query: (target, payload, options = {}) =>
        call(`query ${JSON.stringify(target)} ${options.key}`, () => this.#query(target, payload)),
      artifact: async ({ name, data, text }) => {
        this.artifacts.push({
          agent: definition.name,
          name,
          ...(text === undefined ? { data: asJson(data) } : { text }),
        });
      },
      progress: async () => {},
      waitForInput: unsupported("questions"),
      model: async ({ messages }) => {
        if (!this.#options.model) throw new PlatformError("MODEL_NOT_CONFIGURED", "no model");
        this.calls.push(`model ${definition.name}`);
        const text = this.#options.model(messages.at(-1)?.content ?? "");
        return { text, toolCalls: [], finishReason: "stop", usage: { inputTokens: 0, outputTokens: 0 } };
      },
      now: () => Date.UTC(2026, 10, 1, 12),
      emit: unsupported("events"),
      waitForAuthorization: unsupported("authorisations"),
      waitForDecision: unsupported("decisions"),
      sleep: unsupported("sleep"),
      tool: unsupported("tools"),
      random: unsupported("random"),
      id: unsupported("ids"),
      patched: unsupported("patches"),
      continueAs: unsupported("continueAs"),
    };
  }
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const hash = (text: string): string => createHash("sha256").update(text).digest("hex");

/** As it would come back out of the log. */
function asJson(value: unknown): unknown {
  return value === undefined ? null : JSON.parse(JSON.stringify(value));
}

async function check(
  schema: AgentDefinition["input"],
  value: unknown,
  code: "INVALID_ARGUMENT" | "OUTPUT_MISMATCH",
): Promise<unknown> {
  if (!schema) return value;
  const result = await schema["~standard"].validate(value);
  if (result.issues) {
    const issues = result.issues.map(({ message, path }) => `${path?.map(String).join(".")}: ${message}`);
    throw new PlatformError(code, issues.join("; "));
  }
  return result.value;
}
