/** Makes a plan that fails smaller while it fails: fewer programs, fewer faults, less code. */
import type { Op, Program } from "./program.ts";
import type { Plan } from "./world.ts";

/** `fails` runs a plan; tried until nothing smaller fails, or the time is over. */
export const shrink = async (plan: Plan, fails: (plan: Plan) => Promise<boolean>, limitMs: number): Promise<Plan> => {
  const until = performance.now() + limitMs;
  let smallest = plan;
  for (let found = true; found; ) {
    found = false;
    for (const candidate of smaller(smallest)) {
      if (performance.now() > until) return smallest;
      if (!(await fails(candidate))) continue;
      smallest = candidate;
      found = true;
      break;
    }
  }
  return smallest;
};

function* smaller(plan: Plan): Generator<Plan> {
  for (const programs of fewer(plan.programs)) if (programs.length > 0) yield { ...plan, programs };
  for (const faults of fewer(plan.faults)) yield { ...plan, faults };
  for (const timed of fewer(plan.timed)) yield { ...plan, timed };
  if (plan.nodes > 1) yield { ...plan, nodes: plan.nodes - 1 };
  if (plan.latencyMs > 0) yield { ...plan, latencyMs: 0 };
  for (const [index, program] of plan.programs.entries())
    for (const simpler of smallerPrograms(program)) yield { ...plan, programs: plan.programs.with(index, simpler) };
}

/** Halves, then quarters, down to one left out. */
function* fewer<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let size = Math.ceil(items.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let start = 0; start < items.length; start += size) yield items.toSpliced(start, size);
}

function* smallerPrograms(program: Program): Generator<Program> {
  for (const outside of fewer(program.outside)) yield { ...program, outside };
  if (program.change !== null) yield { ...program, change: null };
  if (program.rounds > 0) yield { ...program, rounds: program.rounds - 1 };
  if (program.deadline !== null) yield { ...program, deadline: null };
  if (program.lane !== null) yield { ...program, lane: null };
  for (const body of smallerBodies(program.body)) if (body.length > 0) yield { ...program, body };
}

function* smallerBodies(body: readonly Op[]): Generator<readonly Op[]> {
  yield* fewer(body);
  for (const [index, op] of body.entries()) for (const ops of simplerOps(op)) yield body.toSpliced(index, 1, ...ops);
}

/** What may stand for an operation. */
function* simplerOps(op: Op): Generator<readonly Op[]> {
  switch (op.op) {
    case "step":
      if (op.times > 1) yield [{ ...op, times: 1 }];
      if (op.fails > 0) yield [{ ...op, fails: op.fails - 1 }];
      if (op.takes !== null) yield [{ ...op, takes: null }];
      return;
    case "input":
      if (op.checks !== "nothing") yield [{ ...op, checks: "nothing" }];
      return;
    case "child":
    case "catch":
      yield op.body;
      for (const body of smallerBodies(op.body)) if (body.length > 0) yield [{ ...op, body }];
      return;
    case "guard":
      yield op.body;
      for (const body of smallerBodies(op.body)) if (body.length > 0) yield [{ ...op, body }];
      for (const cleanup of smallerBodies(op.cleanup)) yield [{ ...op, cleanup }];
      return;
    case "all":
    case "race":
      for (const branches of fewer(op.branches)) if (branches.length > 0) yield [{ ...op, branches }];
      // The first of a branch stays: it is what decides a race.
      for (const [index, [first, ...rest]] of op.branches.entries())
        if (first !== undefined)
          for (const fewerOps of smallerBodies(rest))
            yield [{ ...op, branches: op.branches.with(index, [first, ...fewerOps]) }];
      return;
    case "access":
    case "sleep":
    case "emit":
    case "artifact":
    case "throw":
      return;
  }
}
