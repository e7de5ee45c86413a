/** A world from its beginning to the verdict. */
import type { Clock } from "@agentcore/core/ports";
import { createFnvDigest } from "@agentcore/core/testing";
import type { Backend } from "./backend.ts";
import { Callers } from "./callers.ts";
import type { FaultKind } from "./faults.ts";
import { judge, type Verdict } from "./judge.ts";
import { type SettleOptions, settle } from "./settle.ts";
import { type Pace, type Plan, World } from "./world.ts";

export interface RunResult extends Verdict {
  readonly struck: ReadonlyMap<FaultKind, number>;
}

export interface RunOptions {
  readonly plan: Plan;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly backend: Backend;
  readonly settle: SettleOptions;
  /** Lets time pass until the world is over; returns why it was ended before, or null. */
  readonly drive: (world: World, isOver: () => boolean) => Promise<string | null>;
}

export const runPlan = async (options: RunOptions): Promise<RunResult> => {
  const { plan, pace, clock, backend } = options;
  const world = new World({ plan, pace, clock, backend, digest: createFnvDigest() });

  const callers = new Callers(world);
  const programs = new Map(plan.programs.map((program, index) => [`p${index}`, program]));
  const lived = { isOver: false, error: null as unknown };
  const live = async (): Promise<void> => {
    await world.start();
    await Promise.all([...programs].map(([name, program]) => callers.run(name, program)));
    await world.calm();
    await settle(world, callers, programs, options.settle);
  };
  live()
    .catch((error: unknown) => {
      lived.error = error;
    })
    .finally(() => {
      lived.isOver = true;
    });
  const stuck = await options.drive(world, () => lived.isOver);
  const problems = [
    ...(backend.wrong ?? []),
    ...(stuck === null ? [] : [stuck]),
    ...(lived.error === null ? [] : [lived.error instanceof Error ? `${lived.error.stack}` : "the world broke"]),
  ];
  const { wrong, tally } = await judge(world, callers, programs);
  await world.close();
  return { wrong: [...problems, ...wrong], tally, struck: world.faults.struck };
};
