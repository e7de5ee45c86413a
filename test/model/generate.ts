/** Random programs, and random plans of faults around them; both shrink by themselves. */
import fc, { type Arbitrary } from "fast-check";
import type { CallFault, TimedFault } from "./faults.ts";
import type { Action, Op, Program } from "./program.ts";
import type { Plan } from "./world.ts";

const span = fc.constantFrom("short" as const, "medium" as const, "long" as const);

const stepOp: Arbitrary<Op> = fc.record({
  op: fc.constant("step" as const),
  times: fc.constantFrom(1, 1, 1, 2),
  fails: fc.constantFrom(0, 0, 0, 0, 1, 2, 3),
  again: span,
  takes: fc.constantFrom(null, null, "short" as const, "medium" as const),
});
const sleepOp: Arbitrary<Op> = fc.record({ op: fc.constant("sleep" as const), span });
const inputOp: Arbitrary<Op> = fc.record({
  op: fc.constant("input" as const),
  checks: fc.constantFrom("nothing" as const, "at once" as const, "later" as const),
});
const leaf: Arbitrary<Op> = fc.oneof(
  { weight: 6, arbitrary: stepOp },
  { weight: 2, arbitrary: sleepOp },
  { weight: 2, arbitrary: inputOp },
  { weight: 1, arbitrary: fc.constant<Op>({ op: "access" }) },
);
/** What the code does without waiting. */
const aside: Arbitrary<Op> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Op>({ op: "artifact" }) },
  { weight: 3, arbitrary: fc.constant<Op>({ op: "emit" }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("throw" as const), retryable: fc.boolean() }) },
);

const bodyOf = (depth: number, maxLength: number): Arbitrary<readonly Op[]> =>
  fc.array(opOf(depth), { minLength: 1, maxLength });

/** Begins with a call that is awaited, so that what wins a race is decided by what arrives first. */
const branchOf = (depth: number): Arbitrary<readonly Op[]> =>
  fc
    .tuple(
      depth === 0 ? leaf : fc.oneof({ weight: 3, arbitrary: leaf }, { weight: 1, arbitrary: childOf(depth, AWAITED) }),
      fc.array(opOf(depth), { maxLength: 2 }),
    )
    .map(([first, rest]) => [first, ...rest]);

const AWAITED = ["attached", "detached"] as const;
type Mode = Extract<Op, { readonly op: "child" }>["mode"];
const childOf = (depth: number, modes: readonly Mode[]): Arbitrary<Op> =>
  fc.record({
    op: fc.constant("child" as const),
    body: bodyOf(depth - 1, 3),
    mode: fc.constantFrom(...modes),
    by: fc.constantFrom("agent" as const, "capability" as const),
  });

const opOf = (depth: number): Arbitrary<Op> => {
  if (depth === 0) return fc.oneof({ weight: 4, arbitrary: leaf }, { weight: 1, arbitrary: aside });
  const branches = fc.array(branchOf(depth - 1), { minLength: 2, maxLength: 3 });
  const body = bodyOf(depth - 1, 3);
  return fc.oneof(
    { weight: 6, arbitrary: leaf },
    { weight: 2, arbitrary: aside },
    { weight: 3, arbitrary: childOf(depth, [...AWAITED, "attached", "loose"]) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant("all" as const), branches }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant("race" as const), branches }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant("guard" as const), body, cleanup: bodyOf(0, 2) }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant("catch" as const), body }) },
  );
};

const to = fc.nat({ max: 3 });
const action: Arbitrary<Action> = fc
  .tuple(
    fc.nat({ max: 10 }),
    fc.oneof(
      { weight: 2, arbitrary: fc.record({ act: fc.constant("submit again" as const) }) },
      { weight: 1, arbitrary: fc.record({ act: fc.constant("submit something else" as const) }) },
      {
        weight: 6,
        arbitrary: fc.record({ act: fc.constant("say" as const), to, text: fc.nat({ max: 3 }), ok: fc.boolean() }),
      },
      { weight: 2, arbitrary: fc.record({ act: fc.constant("authorize" as const), to, deny: fc.boolean() }) },
      { weight: 2, arbitrary: fc.record({ act: fc.constant("cancel" as const), to }) },
      { weight: 1, arbitrary: fc.record({ act: fc.constant("retry" as const), to }) },
    ),
  )
  .map(([after, what]) => ({ after, ...what }));

const change: Arbitrary<Program["change"]> = fc.record({
  at: fc.nat({ max: 4 }),
  how: fc.constantFrom("rename" as const, "insert" as const, "drop" as const, "patch" as const),

  mend: fc.constantFrom("restore" as const, "cancel" as const, "leave" as const),
});

const withChange = (program: Program, at: number): Program => {
  const { change: changed, lane, outside } = program;
  if (changed === null) return program;
  // What is parked for ever holds up its lane for ever, as documented.
  const mended = lane !== null && changed.mend === "leave" ? { ...changed, mend: "cancel" as const } : changed;
  return { ...program, change: mended, rounds: 0, outside: [...outside, { after: at, act: "change the code" }] };
};

/** `lanes`: contexts whose tasks run one at a time; each tenth program is in one of them. */
const programOf = (lanes: number): Arbitrary<Program> =>
  fc
    .tuple(
      fc.record({
        body: bodyOf(2, 5),
        rounds: fc.constantFrom(0, 0, 0, 0, 1, 2),
        change: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: change }),
        deadline: fc.oneof(
          { weight: 9, arbitrary: fc.constant(null) },
          { weight: 1, arbitrary: fc.integer({ min: 1, max: 40 }) },
        ),
        lane: fc.oneof(
          { weight: 9, arbitrary: fc.constant(null) },
          { weight: 1, arbitrary: fc.nat({ max: lanes - 1 }) },
        ),
        outside: fc.array(action, { maxLength: 6 }),
      }),
      fc.nat({ max: 10 }),
    )
    .map(([made, at]) => withChange(made, at));

export interface PlanShape {
  readonly programs: number;
  readonly nodes: readonly number[];
  readonly maxLatencyMs: number;
  /** Most faults of calls, and of times. */
  readonly faults: number;
  readonly timed: number;
  /** Milliseconds in which timed faults fall. */
  readonly lengthMs: number;
  /** Calls among which the faults fall. */
  readonly calls: number;
  /** Tasks of one agent that a node has in memory, in a third of the worlds. */
  readonly fewSlots: number;
  /** Milliseconds by which clocks are set wrong. */
  readonly jumps: readonly number[];
}

const callFault = (calls: number): Arbitrary<CallFault> =>
  fc
    .tuple(
      fc.oneof(
        {
          weight: 6,
          arbitrary: fc.record({ on: fc.constant("commit" as const), nth: fc.integer({ min: 1, max: calls }) }),
        },
        {
          weight: 2,
          arbitrary: fc.record({ on: fc.constant("claim" as const), nth: fc.integer({ min: 1, max: calls }) }),
        },
        {
          weight: 2,
          arbitrary: fc.record({ on: fc.constant("read" as const), nth: fc.integer({ min: 1, max: calls * 2 }) }),
        },
        {
          weight: 1,
          arbitrary: fc.record({ on: fc.constant("lease" as const), nth: fc.integer({ min: 1, max: 20 }) }),
        },
      ),
      fc.oneof(
        { weight: 3, arbitrary: fc.constant("kill" as const) },
        { weight: 3, arbitrary: fc.constant("lost" as const) },
        { weight: 2, arbitrary: fc.constant("timeout" as const) },
        { weight: 1, arbitrary: fc.constant("stall" as const) },
      ),
      fc.constantFrom("before" as const, "after" as const),
    )
    .map(([where, what, when]) => ({ ...where, what, when }));

const timedFault = ({ lengthMs, jumps }: PlanShape): Arbitrary<TimedFault> =>
  fc.record({
    at: fc.nat({ max: lengthMs }),
    what: fc.constantFrom("kill" as const, "stall" as const, "restart" as const, "jump" as const, "jump" as const),
    node: fc.nat({ max: 2 }),
    by: fc.constantFrom(...jumps),
  });

export const planOf = (shape: PlanShape): Arbitrary<Plan> => {
  // A few large worlds must meet faults of every kind; of many small ones some meet none.
  const least = (most: number): number => (shape.programs > 20 ? Math.floor(most / 2) : 0);
  return fc.record({
    programs: fc.array(programOf(Math.ceil(shape.programs / 20)), {
      minLength: shape.programs,
      maxLength: shape.programs,
    }),
    faults: fc.array(callFault(shape.calls), { minLength: least(shape.faults), maxLength: shape.faults }),
    timed: fc.array(timedFault(shape), { minLength: least(shape.timed), maxLength: shape.timed }),
    nodes: fc.constantFrom(...shape.nodes),
    latencyMs: fc.constantFrom(0, shape.maxLatencyMs),
    concurrency: fc.constantFrom(100, 100, shape.fewSlots),
    seed: fc.nat(),
  });
};
