import { invalidArgument, parseInput } from "@agentcore/contract";
import { type AgentDefinition, type Context, PlatformError, type QueryInput, type TaskInput } from "@agentcore/sdk";
import { z } from "zod";
import { normalText } from "../../guardrails/normal-text.ts";
import { answerAsTask } from "../collecting/answer-as-task.ts";
import { fingerprint } from "../fingerprint.ts";
import { checkStandard, type StandardKind, type StandardOptions, standardAgent } from "../standard-agent.ts";

const Tag = z
  .string()
  .min(1)
  .max(200)
  .refine((tag) => tag !== ALL, { error: `${"*"} stands for all tags` });
const Topic = z
  .string()
  .regex(/^(\*|[\w-]+(\.[\w-]+)*(\.\*)?)$/, { error: "expected a topic, as order.changed or order.*" });

/** Stands for everything that is kept. */
const ALL = "*";

// No result is kept for longer.
const MAX_TTL_MS = 31_536_000_000;
// As long as something may know how a tag stood: then whoever forgot it is forgotten, too.
const TAG_TTL_MS = 2 * MAX_TTL_MS;

const shape = {
  /** Where a result does not say: so long it is kept. */
  ttlMs: z.int().min(1).max(MAX_TTL_MS).default(3_600_000),
  /** `words`: a text is also found when it is written otherwise: case, spaces, punctuation. */
  match: z.enum(["exact", "words"]).default("exact"),
  /** What durable events make worthless: tags, in which `{payload.orderId}` stands for a member of the event; without tags all. */
  invalidate: z
    .array(z.strictObject({ topic: Topic, tags: z.array(z.string().min(1).max(200)).max(20).optional() }))
    .max(20)
    .default([]),
};

export const cacheManagerKind: StandardKind<typeof shape> = {
  name: "cache",
  description: "Keeps results under keys for a while, and forgets them by key, by tag, by time and by events",
  latencyMs: { from: 1, to: 10 },
  doesNot: ["find what only means the same", "make what it does not have", "keep what must not be lost"],
  skills: [
    {
      id: "cache",
      name: "Keep results",
      description: "Gives a kept result of a key, keeps one with tags and a lifetime, forgets by key or tag",
      tags: ["cache", "results"],
      examples: ["Is the report of Monday still good?"],
    },
  ],
  shape,
  model: "never",
  tools: "never",
  triggers: ({ invalidate }) => [...new Set(invalidate.map(({ topic }) => topic))].map((topic) => ({ topic })),
  example: {
    options: { ttlMs: 60_000, invalidate: [{ topic: "order.changed", tags: ["order:{payload.orderId}"] }] },
    input: { get: { key: { report: "sales", day: "2026-01-31" } } },
  },
};

export type CacheManagerOptions = StandardOptions<typeof shape>;

/** What a lookup comes to. `stamp` goes back with `put`: what has been forgotten meanwhile is not kept. */
export type CacheAnswer =
  | { readonly hit: true; readonly value: unknown; readonly by: "exact" | "words" }
  | { readonly hit: false; readonly stamp: string };

const Key = z.unknown().refine((key) => key !== undefined, { error: "expected a key: any JSON" });
const Tags = z.array(Tag).max(20).default([]);
const Get = z.strictObject({ get: z.strictObject({ key: Key, tags: Tags }) });
const Put = z.strictObject({
  put: z.strictObject({
    key: Key,
    value: z.unknown(),
    tags: Tags,
    ttlMs: z.int().min(1).max(MAX_TTL_MS).optional(),
    stamp: z.string().max(200).optional(),
  }),
});
const Forget = z.strictObject({
  forget: z.union([
    z.strictObject({ key: Key }),
    z.strictObject({ tags: z.array(Tag).min(1).max(100) }),
    z.strictObject({ all: z.literal(true) }),
  ]),
});
const Request = z.union([Get, Put, Forget], {
  error:
    "expected { get: { key, tags } }, { put: { key, value, tags, ttlMs, stamp } } or { forget: { key }, { tags } or { all: true } }",
});

interface Entry {
  /** Two keys may have one sum. */
  readonly key: string;
  readonly value: unknown;
  /** Of each tag as it was; another since makes it worthless. */
  readonly stamps: Readonly<Record<string, string>>;
}

type Read = (key: string) => Promise<unknown>;

/**
 * An agent that keeps results for others. Forgetting a tag is one write, however much has it: each result knows how its tags stood when it was asked for, and one that
 * was worked out while its tag was forgotten is not kept.
 */
export const cacheManagerAgent = (options: CacheManagerOptions = {}): AgentDefinition => {
  const checked = checkStandard(cacheManagerKind, options);
  const { match, ttlMs, invalidate } = checked;
  const lookUp = async (read: Read, { key, tags }: z.output<typeof Get>["get"]): Promise<CacheAnswer> => {
    for (const by of ["exact", ...(match === "words" ? (["words"] as const) : [])] as const) {
      const text = keyText(key, by);
      if (text === null) continue;
      const entry = (await read(placeOf(text))) as Entry | null;
      if (entry !== null && entry.key === text && (await isGood(read, entry.stamps)))
        return { hit: true, value: entry.value, by };
    }
    return { hit: false, stamp: stampText(await stampsOf(read, tags)) };
  };
  const put = async (
    ctx: Context,
    { key, value, tags, ttlMs: own, stamp }: z.output<typeof Put>["put"],
  ): Promise<unknown> => {
    if (value === undefined)
      throw invalidArgument("what is to be kept", [{ field: "put.value", description: "expected JSON" }]);
    const stamps = await stampsOf((name) => ctx.memory.get(name), tags);
    if (stamp !== undefined && stamp !== stampText(stamps))
      return { kept: false, reason: "some of its tags were forgotten while it was worked out" };
    for (const by of ["exact", ...(match === "words" ? (["words"] as const) : [])] as const) {
      const text = keyText(key, by);
      if (text === null) continue;
      const entry: Entry = { key: text, value, stamps };
      await ctx.memory.set(placeOf(text), entry, { ttlMs: own ?? ttlMs });
    }
    return { kept: true };
  };
  const forgetTags = async (ctx: Context, tags: readonly string[]): Promise<void> => {
    for (const tag of tags) await ctx.memory.set(tagPlace(tag), ctx.id(), { ttlMs: TAG_TTL_MS });
  };
  return standardAgent(cacheManagerKind, checked, {
    answer: ({ payload }: QueryInput, ctx) =>
      lookUp((key) => ctx.memory.get(key), parseInput(Get, payload, "what is asked of the cache").get),
    async run(task: TaskInput<unknown>, ctx) {
      const event = eventOf(task);
      if (event !== null) {
        const tags = invalidate.flatMap((each) => (isOfTopic(event.topic, each.topic) ? tagsOf(each.tags, event) : []));
        await forgetTags(ctx, [...new Set(tags)]);
        return { forgotten: tags };
      }
      const request = parseInput(Request, task.input, "what is asked of the cache");
      if ("get" in request) return answerAsTask(task, ctx);
      if ("put" in request) return put(ctx, request.put);
      const { forget } = request;
      if ("key" in forget) {
        for (const by of ["exact", "words"] as const) {
          const text = keyText(forget.key, by);
          if (text !== null) await ctx.memory.delete(placeOf(text));
        }
      } else await forgetTags(ctx, "all" in forget ? [ALL] : forget.tags);
      return { forgotten: "key" in forget ? 1 : "all" in forget ? "all" : forget.tags };
    },
  });
};

const placeOf = (text: string): string => `entry/${fingerprint(text)}`;
const tagPlace = (tag: string): string => `tag/${tag}`;

/** Empty: it was never forgotten. */
const stampOf = async (read: Read, tag: string): Promise<string> => {
  const stamp = await read(tagPlace(tag));
  return typeof stamp === "string" ? stamp : "";
};

const stampsOf = async (read: Read, tags: readonly string[]): Promise<Entry["stamps"]> => {
  const stamps: [string, string][] = [];
  for (const tag of [ALL, ...new Set(tags)]) stamps.push([tag, await stampOf(read, tag)]);
  // `__proto__` is a tag as any other.
  return Object.fromEntries(stamps);
};

const stampText = (stamps: Entry["stamps"]): string =>
  fingerprint(JSON.stringify(Object.entries(stamps).toSorted(([one], [other]) => (one < other ? -1 : 1))));

const isGood = async (read: Read, stamps: Entry["stamps"]): Promise<boolean> => {
  for (const [tag, stamp] of Object.entries(stamps)) if ((await stampOf(read, tag)) !== stamp) return false;
  return true;
};

/** JSON whose members are in order; of a text also its words alone. Null: it is no text. */
const keyText = (key: unknown, by: "exact" | "words"): string | null => {
  if (by === "exact") return canonical(key);
  if (typeof key !== "string") return null;
  const words = normalText(key).match(/[\p{L}\p{N}]+(?:[.,'][\p{L}\p{N}]+)*/gu) ?? [];
  return words.length === 0 ? null : `words ${words.join(" ")}`;
};

const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join(",")}}`;
};

interface Event {
  readonly topic: string;
  readonly payload: unknown;
}

const eventOf = ({ caller, input }: TaskInput<unknown>): Event | null =>
  caller.startsWith("event:") && typeof input === "object" && input !== null && "topic" in input && "payload" in input
    ? (input as Event)
    : null;

const isOfTopic = (topic: string, pattern: string): boolean =>
  pattern === "*" || topic === pattern || (pattern.endsWith(".*") && topic.startsWith(pattern.slice(0, -1)));

/** A tag that names a member which the event does not have would forget the wrong thing. */
const tagsOf = (tags: readonly string[] | undefined, event: Event): readonly string[] =>
  tags === undefined
    ? [ALL]
    : tags.map((tag) =>
        tag.replace(/\{([^{}]{1,200})\}/g, (_, path: string) => {
          const value = path
            .split(".")
            .reduce<unknown>(
              (at, name) =>
                typeof at === "object" && at !== null && Object.hasOwn(at, name)
                  ? (at as Record<string, unknown>)[name]
                  : undefined,
              event,
            );
          if (typeof value === "string" || typeof value === "number") return String(value);
          throw new PlatformError(
            "INVALID_ARGUMENT",
            `the tag ${tag}: event ${event.topic} has no text or number at ${path}`,
          );
        }),
      );

/**
 * What is kept under a key, or what `make` comes to, which is then kept: two messages to the cache at most. `make` is journaled by its own calls of `ctx`. Where the cache
 * cannot be asked it is made anew.
 */
export const cached = async <Value>(
  ctx: Context,
  {
    agent,
    key,
    tags = [],
    ttlMs,
  }: {
    /** Name of the agent that keeps. */
    readonly agent: string;
    readonly key: unknown;
    readonly tags?: readonly string[];
    readonly ttlMs?: number;
  },
  make: () => Promise<Value>,
): Promise<Value> => {
  const whole = canonical(key);
  // Keys that begin alike may be asked for at once.
  const name = `${whole.slice(0, 80)} ${fingerprint(whole)}`;
  let found: CacheAnswer | null = null;
  try {
    found = await ctx.query<CacheAnswer>({ agent }, { get: { key, tags } }, { key: name });
  } catch (error) {
    ctx.log.warn(`cache ${agent} was not asked: ${PlatformError.from(error).message}`);
  }
  if (found?.hit === true) return found.value as Value;
  const value = await make();
  if (found === null) return value;
  const put = { key, value, tags, stamp: found.stamp, ...(ttlMs === undefined ? {} : { ttlMs }) };
  try {
    await ctx.command({ agent }, { put }, { key: name });
  } catch (error) {
    ctx.log.warn(`cache ${agent} did not keep it: ${PlatformError.from(error).message}`);
  }
  return value;
};
