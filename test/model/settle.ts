/** The end of a world: everything works again, questions are answered and parked tasks helped, until all is over. */
import type { TaskEvent } from "@agentcore/contract";
import type { TaskHead } from "@agentcore/core/ports";
import { type Callers, isOver } from "./callers.ts";
import type { Program } from "./program.ts";
import { SCOPE, type World } from "./world.ts";

export interface SettleOptions {
  /** Milliseconds between two looks. */
  readonly everyMs: number;
  readonly maxLooks: number;
}

const PATIENT_LOOKS = 80;

/** Parked for its code, and left so because the program says so. */
export const staysParked = (
  head: TaskHead,
  log: readonly TaskEvent[],
  roots: ReadonlyMap<string, Program>,
): boolean => {
  return isDiverged(log) && roots.get(head.taskId)?.change?.mend === "leave";
};

export const settle = async (
  world: World,
  callers: Callers,
  programs: ReadonlyMap<string, Program>,
  { everyMs, maxLooks }: SettleOptions,
): Promise<void> => {
  const roots = new Map([...callers.roots].map(([name, taskId]) => [taskId, programs.get(name)] as const));
  const nameOf = new Map([...callers.roots].map(([name, taskId]) => [taskId, name]));
  const programOf = new Map([...roots].flatMap(([id, program]) => (program === undefined ? [] : [[id, program]])));
  for (let look = 0; look < maxLooks; look++) {
    const heads = await world.heads();
    const byId = new Map(heads.map((head) => [head.taskId, head]));
    const open = heads.filter((head) => !isOver(head));
    let waiting = 0;
    for (const head of open) {
      const isHelped = head.state === "parked" || head.state === "input-required" || head.state === "auth-required";
      const log = isHelped ? await logOf(world, head) : [];
      if (head.state === "parked") {
        if (staysParked(head, log, programOf)) continue;
        const { mend } = roots.get(head.taskId)?.change ?? {};
        const name = nameOf.get(head.taskId);
        if (isDiverged(log) && mend === "cancel") await callers.cancel(head.taskId);
        else {
          if (name !== undefined && isDiverged(log)) world.changed.delete(name);
          await callers.retry(head.taskId);
        }
      }
      waiting += 1;
      // Nobody answers for a parent that has ended: its attached children must end by themselves.
      if (head.state === "input-required" && !isOrphan(head, byId, log))
        await callers.say(head.taskId, `settle ${look}`, "ok then");
      if (head.state === "auth-required" && !isOrphan(head, byId, log))
        await callers.authorize(head.taskId, look % 4 === 3, openAccess(log));
    }
    if (waiting === 0 && world.resident === 0 && (await isDelivered(world, heads))) return;
    // Whoever still sleeps after that many looks was sent to sleep by a clock that was wrong.
    const patience = look < PATIENT_LOOKS ? everyMs : everyMs * 20;
    await world.pause(Math.max(patience, sleepOf(open, world.clock.now())));
  }
};

/** A clock that was wrong may have set something hours away. */
const sleepOf = (open: readonly TaskHead[], now: number): number => {
  const isIdle = open.every(({ state, leased }) => state === "parked" || (state === "working" && !leased));
  const due = open.flatMap(({ dueAt }) => (dueAt === null ? [] : [dueAt]));
  return isIdle && due.length > 0 ? Math.min(...due) - now : 0;
};

const isDiverged = (log: readonly TaskEvent[]): boolean => {
  const last = log.at(-1);
  return last?.type === "task.parked" && last.data.error.code === "NON_DETERMINISTIC";
};

/** By what the logs say: rows of transactions that are not settled yet are not shown in the outbox. */
const isDelivered = async (world: World, heads: readonly TaskHead[]): Promise<boolean> => {
  let told = 0;
  for (const head of heads)
    if (head.agent !== "listener")
      for (const event of await logOf(world, head))
        if (event.type === "step.completed" && event.data.kind === "emit") told += 1;
  return heads.filter(({ agent }) => agent === "listener").length >= told;
};

/** The first question about access that is not decided. */
const openAccess = (log: readonly TaskEvent[]): string | undefined => {
  const open = new Map<string, string>();
  for (const event of log) {
    if (event.type === "task.authRequired") open.set(event.data.path, event.data.authorization.reference ?? "none");
    else if (event.type === "step.completed" || event.type === "step.failed") open.delete(event.data.path);
  }
  return [...open.values()][0];
};

const isOrphan = ({ parent }: TaskHead, byId: ReadonlyMap<string, TaskHead>, log: readonly TaskEvent[]): boolean => {
  const [first] = log;
  if (parent === null || first?.type !== "task.submitted" || first.data.parent?.detached === true) return false;
  const above = byId.get(parent.taskId);
  return above !== undefined && isOver(above);
};

const logOf = (world: World, head: TaskHead): Promise<readonly TaskEvent[]> =>
  world.store.readLog({ tenantId: SCOPE.tenantId, taskId: head.taskId });
