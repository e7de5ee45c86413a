/** Random workflows: as a tree of blocks, which the reference walks, and as the flat graph that the platform is given. */
import type { WorkflowDefinition, WorkflowGraph, WorkflowNode, WorkflowScope } from "@agentcore/contract/authoring";
import { TerminalError } from "@agentcore/sdk";
import fc from "fast-check";

/** How a piece of work turns out, by what it sees. Of `failsIn` and of `choices` ways one is taken by chance, the same each time. */
export type Block =
  | {
      readonly type: "work";
      readonly by: "step" | "agent";
      readonly failsIn: number;
      /** What it is given fails already; plans of before say nothing. */
      readonly inputFailsIn?: number;
      readonly undo: Undo | null;
      readonly rescue: Blocks | null;
    }
  | { readonly type: "decide"; readonly ways: readonly Blocks[] }
  | {
      readonly type: "parallel";
      readonly branches: readonly Blocks[];
      readonly merge: "object" | "list" | "first";
      readonly onFailure: "fail" | "ignore" | null;
      readonly need: number | null;
      /** Branches that decide it; plans of before say nothing. */
      readonly until?: number | null;
    }
  | {
      readonly type: "map";
      readonly items: number;
      /** That there is a list at all; plans of before say nothing. */
      readonly itemsFailIn?: number;
      readonly body: Blocks;
      readonly concurrency: number;
      readonly onFailure: "fail" | "ignore";
    }
  | {
      readonly type: "loop";
      readonly body: Blocks;
      readonly enough: number;
      readonly maxTurns: number;
      readonly otherwise: Blocks | null;
    }
  /** The work before it is done again. */
  | {
      readonly type: "gate";
      readonly body: Blocks;
      readonly enough: number;
      readonly maxTurns: number;
      readonly otherwise: Blocks | null;
    }
  | { readonly type: "wait"; readonly ms: number }
  | { readonly type: "fail" };
export type Blocks = readonly Block[];
/** Tries that fail before one works; more than three is for a person. */
export interface Undo {
  readonly by: "step" | "agent";
  readonly fails: boolean;
}

const undo = fc.record({ by: fc.constantFrom("step", "agent"), fails: fc.boolean().map((fails) => fails) });

const { blocks } = fc.letrec<{ blocks: Blocks; block: Block }>((tie) => ({
  blocks: fc.array(tie("block"), { minLength: 1, maxLength: 3, depthIdentifier: "w" }),
  block: fc.oneof(
    { depthSize: "small", maxDepth: 3, depthIdentifier: "w", withCrossShrink: true },
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant("work" as const),
        by: fc.constantFrom("step" as const, "agent" as const),
        failsIn: fc.constantFrom(0, 0, 4, 8),
        inputFailsIn: fc.constantFrom(0, 0, 0, 6),
        undo: fc.option(undo, { freq: 2 }),
        rescue: fc.constant(null),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 20_000 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant("work" as const),
        by: fc.constantFrom("step" as const, "agent" as const),
        failsIn: fc.constantFrom(2, 3),
        inputFailsIn: fc.constantFrom(0, 2),
        undo: fc.option(undo, { freq: 2 }),
        rescue: tie("blocks"),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant("decide" as const),
        ways: fc.array(tie("blocks"), { minLength: 2, maxLength: 3 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc
        .record({
          type: fc.constant("parallel" as const),
          branches: fc.array(tie("blocks"), { minLength: 1, maxLength: 3 }),
          merge: fc.constantFrom("object" as const, "list" as const, "first" as const),
          onFailure: fc.constantFrom("fail" as const, "ignore" as const, null),
          need: fc.constantFrom(null, null, 1, 2),
          until: fc.constantFrom(null, null, 1, 2),
        })
        // The platform refuses one that needs more than it has.
        .map((block) => ({ ...block, need: block.need && Math.min(block.need, block.branches.length) })),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant("map" as const),
        items: fc.integer({ min: 0, max: 5 }),
        itemsFailIn: fc.constantFrom(0, 0, 4),
        body: tie("blocks"),
        concurrency: fc.integer({ min: 1, max: 3 }),
        onFailure: fc.constantFrom("fail" as const, "ignore" as const),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constantFrom("loop" as const, "gate" as const),
        body: tie("blocks"),
        enough: fc.integer({ min: 1, max: 4 }),
        maxTurns: fc.integer({ min: 1, max: 4 }),
        otherwise: fc.option(tie("blocks")),
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("fail" as const) }) },
  ),
})) as unknown as { blocks: fc.Arbitrary<Blocks> };

/** With names: `n0`, `n1` … in the order of a walk. */
export type Named = { readonly id: string } & (
  | Exclude<Block, { ways: unknown } | { branches: unknown } | { body: unknown } | { rescue: unknown }>
  | {
      readonly type: "work";
      readonly by: "step" | "agent";
      readonly failsIn: number;
      readonly inputFailsIn?: number;
      readonly undo: Undo | null;
      readonly rescue: readonly Named[] | null;
    }
  | { readonly type: "decide"; readonly ways: readonly (readonly Named[])[] }
  | (Omit<Extract<Block, { type: "parallel" }>, "branches"> & { readonly branches: readonly (readonly Named[])[] })
  | (Omit<Extract<Block, { type: "map" }>, "body"> & { readonly body: readonly Named[] })
  | (Omit<Extract<Block, { type: "loop" | "gate" }>, "body" | "otherwise"> & {
      readonly type: "loop" | "gate";
      readonly body: readonly Named[];
      readonly otherwise: readonly Named[] | null;
    })
);

/** `isHeld`: calls are held back for fresh logs, and what they are given is made later than the reference makes it: then that does not fail. */
export const named = (all: Blocks, isHeld: boolean): readonly Named[] => {
  let count = 0;
  const name = (each: Blocks): readonly Named[] =>
    each.map((block) => {
      const id = `n${count++}`;
      switch (block.type) {
        case "work":
          return {
            ...{ ...block, id, rescue: block.rescue === null ? null : name(block.rescue) },
            inputFailsIn: isHeld ? 0 : (block.inputFailsIn ?? 0),
          };
        case "decide":
          return { ...block, id, ways: block.ways.map(name) };
        case "parallel":
          return { ...block, id, branches: block.branches.map(name) };
        case "map":
          return { ...block, id, body: name(block.body) };
        case "loop":
        case "gate":
          return {
            ...block,
            id,
            body: name(block.body),
            otherwise: block.otherwise === null ? null : name(block.otherwise),
          };
        default:
          return { ...block, id };
      }
    });
  return name(all);
};

/** FNV-1a: the same chance each time. */
export const chance = (...parts: readonly unknown[]): number => {
  const text = JSON.stringify(parts);
  let hash = 2_166_136_261;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 16_777_619);
  return hash >>> 0;
};

/** What a node makes of all that it may see: so a scope that differs anywhere gives another outcome. */
export const seen = (id: string, { input, nodes, errors, previous, item, index, turn }: WorkflowScope): string =>
  `${id}:${chance(input, Object.entries(nodes).toSorted(byName), Object.keys(errors).toSorted(), previous ?? null, item ?? null, index ?? null, turn ?? null)}`;
const byName = ([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number =>
  left < right ? -1 : 1;

export interface WorkInput {
  readonly id: string;
  readonly seen: string;
  readonly failsIn: number;
  /** How long an agent takes. */
  readonly ms: number;
}

/** Throws, or gives what came of it. */
export const outcomeOf = ({ seen: what, failsIn }: WorkInput): string => {
  failIn(failsIn, what);
  return `done ${what}`;
};

/** Throws where there is none. */
export const workInput = (block: Extract<Named, { type: "work" }>, scope: WorkflowScope): WorkInput => {
  const what = seen(block.id, scope);
  failIn(block.inputFailsIn, `the input of ${what}`);
  return {
    id: block.id,
    seen: what,
    failsIn: block.failsIn,
    ms: [0, 0, 700, 1_500, 90_000][chance("ms", what) % 5] ?? 0,
  };
};

export const AGENT = "worker";

/** As the platform takes it. */
export const flatten = (all: readonly Named[]): WorkflowDefinition => {
  const nodes: Record<string, WorkflowNode> = {};
  const functions: Record<string, (...parameters: never[]) => unknown> = {};
  const keep = (name: string, work: (...parameters: never[]) => unknown): string => {
    functions[name] = work;
    return name;
  };
  const reference = (name: string, work: (scope: WorkflowScope) => unknown) => ({ $function: keep(name, work) });
  const put = (blocks: readonly Named[], end: string): string => {
    let next = end;
    for (const block of blocks.toReversed()) {
      putOne(block, next);
      next = startOf(block);
    }
    return next;
  };
  // A gate is behind what it judges; a parallel is known by its join, whose output it is.
  const startOf = (block: Named): string => {
    if (block.type === "gate") return startOf(block.body[0] as Named);
    return block.type === "parallel" ? `${block.id}fork` : block.id;
  };
  const putOne = (block: Named, next: string): void => {
    const { id } = block;
    switch (block.type) {
      case "work": {
        const { undo: back, rescue } = block;
        const common = {
          next,
          input: reference(`${id}.input`, (scope) => workInput(block, scope)),
          ...(rescue === null ? {} : { catch: put(rescue, next) }),
          ...(back === null
            ? {}
            : {
                undo: {
                  ...(back.by === "step"
                    ? { function: keep(`${id}.undo`, (output: never) => takeBack(output, back)) }
                    : { target: { agent: back.fails ? `un${AGENT}-not` : `un${AGENT}` } }),
                  retry: { maxAttempts: 1 },
                },
              }),
        };
        nodes[id] =
          block.by === "step"
            ? { type: "custom", function: keep(id, outcomeOf as never), ...common }
            : { type: "task", target: { agent: AGENT }, ...common };
        return;
      }
      case "decide":
        nodes[id] = {
          type: "decision",
          cases: block.ways.slice(1).map((way, index) => ({
            when: reference(`${id}.${index}`, (scope) => wayOf(block, scope) === index + 1),
            next: put(way, next),
          })),
          otherwise: put(block.ways[0] ?? [], next),
        };
        return;
      case "parallel":
        nodes[`${id}fork`] = {
          type: "parallel",
          branches: Object.fromEntries(block.branches.map((branch, index) => [`b${index}`, put(branch, id)])),
          join: id,
        };
        nodes[id] = {
          type: "join",
          next,
          merge: block.merge,
          ...(block.onFailure === null ? {} : { onFailure: block.onFailure }),
          ...(block.need === null ? {} : { need: block.need }),
          ...(block.until == null
            ? {}
            : { until: reference(`${id}.until`, (scope) => isDecided(block, scope.branches)) }),
        };
        return;
      case "map":
        nodes[id] = {
          type: "map",
          over: reference(`${id}.over`, (scope) => itemsOf(block, scope)),
          body: put(block.body, id),
          concurrency: block.concurrency,
          onFailure: block.onFailure,
          next,
        };
        return;
      case "loop":
        nodes[id] = {
          type: "loop",
          body: put(block.body, id),
          until: reference(`${id}.until`, ({ turn }) => turn === block.enough),
          maxTurns: block.maxTurns,
          next,
          ...(block.otherwise === null ? {} : { otherwise: put(block.otherwise, next) }),
        };
        return;
      case "gate":
        put(block.body, id);
        nodes[id] = {
          type: "gate",
          pass: reference(`${id}.pass`, ({ turn }) => turn === block.enough),
          again: startOf(block),
          maxTurns: block.maxTurns,
          next,
          ...(block.otherwise === null ? {} : { otherwise: put(block.otherwise, next) }),
        };
        return;
      case "wait":
        nodes[id] = { type: "wait", duration: block.ms, next };
        return;
      case "fail":
        nodes[id] = { type: "fail", message: `${id} says no` };
    }
  };
  const start = put(all, "end");
  nodes["end"] = { type: "end", output: reference("end", (scope) => seen("end", scope)) };
  return { graph: withoutUnreachable({ start, nodes }), functions };
};

/** A `fail` may stand before others, which then nothing leads to: the platform would refuse them. */
const withoutUnreachable = ({ start, nodes }: WorkflowGraph): WorkflowGraph => {
  const reached = new Set([start]);
  const visit = (value: unknown, key: string): void => {
    if (typeof value === "string") {
      if (Object.hasOwn(nodes, value) && key !== "type" && key !== "function") reached.add(value);
    } else if (typeof value === "object" && value !== null)
      for (const [name, each] of Object.entries(value)) visit(each, name);
  };
  for (const id of reached) visit(nodes[id], "");
  return { start, nodes: Object.fromEntries(Object.entries(nodes).filter(([id]) => reached.has(id))) };
};

export const takeBack = (_output: unknown, { fails }: Undo): string => {
  if (fails) throw new TerminalError("cannot be taken back");
  return "taken back";
};
export const wayOf = ({ id, ways }: Extract<Named, { type: "decide" }>, scope: WorkflowScope): number =>
  chance("way", seen(id, scope)) % ways.length;
/** Throws where there are none. */
export const itemsOf = (
  { id, items, itemsFailIn }: Extract<Named, { type: "map" }>,
  scope: WorkflowScope,
): readonly string[] => {
  failIn(itemsFailIn, `the items of ${seen(id, scope)}`);
  return Array.from({ length: items }, (_, index) => `${seen(id, scope)}/${index}`);
};

const failIn = (failsIn = 0, what: string): void => {
  if (failsIn > 0 && chance("fails", what) % failsIn === 0) throw new TerminalError(`no luck with ${what}`);
};

export interface WorkflowPlan {
  readonly blocks: Blocks;
  /** Commits at which the process dies. */
  readonly crashes: readonly { readonly at: number; readonly when: "before" | "after" }[];
  /** Results after which a log is closed. */
  readonly checkpointAfter: number;
  /** Milliseconds after the start. */
  readonly cancelAfterMs: number | null;
  /** What a person says of what could not be taken back. */
  readonly verdicts: readonly ("retry" | "done" | "leave")[];
}

// More events than a run has.
const RARELY = 256;
export const isHeldBack = ({ checkpointAfter }: WorkflowPlan): boolean => checkpointAfter < RARELY;

export const planOf: fc.Arbitrary<WorkflowPlan> = fc.record({
  blocks,
  crashes: fc.array(fc.record({ at: fc.integer({ min: 1, max: 40 }), when: fc.constantFrom("before", "after") }), {
    maxLength: 4,
  }),
  checkpointAfter: fc.constantFrom(1, 2, 5, RARELY),
  cancelAfterMs: fc.option(fc.integer({ min: 0, max: 100_000 }), { freq: 3 }),
  verdicts: fc.array(fc.constantFrom("retry", "done", "leave"), { minLength: 3, maxLength: 3 }),
});

const isDecided = ({ until }: { readonly until?: number | null }, branches: WorkflowScope["branches"] = {}): boolean =>
  Object.keys(branches).length >= (until ?? Number.POSITIVE_INFINITY);
