/** Takes work in: as a task that runs here at once, or, without a free slot, as a row that waits for one. */
import { type NewTaskEvent, PlatformError, type TaskEvent } from "@agentcore/contract";
import type { NewTask, TaskKey } from "../ports/index.ts";
import type { TaskEngine } from "./engine.ts";
import { Execution } from "./execution.ts";
import type { ExecutionHead } from "./execution-head.ts";
import { Journal } from "./journal.ts";
import { agentKey } from "./residents.ts";
import { breakpointsEvent, deadlineOf, decisionEvent, type NewWork, submittedEvent } from "./submission.ts";
import type { RoutingChoice } from "./task-router.ts";
import { validateInput } from "./validate-input.ts";

// Counting reads an index of everything that waits: not for each request that is refused.
const RECOUNT_MS = 1000;

export interface Birth {
  readonly taskId: string;
  /** The idempotency key was used before: this is the task of then. */
  readonly existing: boolean;
}

export class Admission {
  private readonly engine: TaskEngine;
  private readonly maxBacklog: number;
  private backlog = new Map<string, number>();
  private countedAt = Number.NEGATIVE_INFINITY;
  isOpen = false;

  constructor(engine: TaskEngine, maxBacklog: number) {
    this.engine = engine;
    this.maxBacklog = maxBacklog;
  }

  async open(): Promise<void> {
    this.backlog = new Map(await this.engine.store.backlog());
    this.isOpen = true;
  }

  /**
   * Creates a task of the chosen agent; resolves when it is durable (I5). Throws UNAVAILABLE, OVERLOADED,
   * AGENT_NOT_FOUND, INVALID_ARGUMENT, CONFLICT.
   */
  async create(choice: RoutingChoice, request: NewWork): Promise<Birth> {
    const { engine } = this;
    const { tenantId } = request;
    this.assertOpen();
    await this.assertRoom(tenantId);
    const loaded = await engine.load(tenantId, choice);
    const input = await validateInput(loaded.definition, request.input);
    const { breakpoints = [] } = request;
    const taskId = request.taskId ?? engine.senses.ids.next();
    // Not before: what is refused takes no place of those that a tenant has.
    if (breakpoints.length > 0) await engine.debugged.add({ tenantId, taskId });
    // Loading and checking take their time, in which the node may have begun to shut down.
    this.assertOpen();
    const now = engine.senses.clock.now();
    const head: ExecutionHead = {
      tenantId,
      taskId,
      agent: choice.agent,
      revision: choice.revision,
      contextId: request.contextId,
      caller: request.caller,
      priority: request.priority ?? "normal",
      deadline: deadlineOf(request.deadline, loaded.definition.timeoutMs, now),
      parent: null,
      createdAt: now,
      idempotencyKey: request.idempotencyKey,
    };
    const submitted = submittedEvent(head, input, request, now);
    const events: NewTaskEvent[] = [submitted, decisionEvent(choice, undefined, now)];
    if (breakpoints.length > 0) events.push(breakpointsEvent(breakpoints, request.caller, now));
    const exclusive = loaded.definition.concurrency === "context";
    const runsUnclaimed = !exclusive && !engine.limits.isLimited(head, loaded);
    if (!runsUnclaimed || !engine.residents.admits(tenantId, choice.agent, loaded.concurrency))
      return this.createWaiting({ ...head, dueAt: head.createdAt, events, exclusive });
    const execution = new Execution({
      head,
      loaded,
      journal: new Journal(
        (breakpoints.length > 0 ? events : [submitted]).map(
          (event, index) => ({ ...event, seq: index + 1 }) as TaskEvent,
        ),
      ),
      state: "submitted",
      seq: 0,
      token: 1,
      checkpointSeq: 0,
      born: false,
      services: engine.services,
      events,
    });
    engine.residents.add(execution);
    return new Promise<Birth>((resolve, reject) => {
      execution.birth = { resolve, reject };
      execution.start(1);
      engine.commits.markDirty(execution);
    });
  }

  /** A task whose log has a beginning already: it waits for a slot. Throws UNAVAILABLE, OVERLOADED. */
  async createFork(task: NewTask & TaskKey): Promise<Birth> {
    this.assertOpen();
    await this.assertRoom(task.tenantId);
    return this.createWaiting(task);
  }

  /** A task that waited has been claimed. */
  claimed(tenantId: string): void {
    const waiting = this.backlog.get(tenantId) ?? 0;
    if (waiting > 1) this.backlog.set(tenantId, waiting - 1);
    else this.backlog.delete(tenantId);
  }

  private assertOpen(): void {
    if (!this.isOpen) throw new PlatformError("UNAVAILABLE", "the node is not taking work now", { retryAfterMs: 1000 });
  }

  /** The count between two readings of the store is a guess (children, timers, other nodes): nobody is refused by it alone. */
  private async assertRoom(tenantId: string): Promise<void> {
    const most = this.engine.tenants.get(tenantId)?.maxBacklog ?? this.maxBacklog;
    if ((this.backlog.get(tenantId) ?? 0) < most) return;
    const now = this.engine.senses.clock.monotonic();
    if (now - this.countedAt >= RECOUNT_MS) {
      this.countedAt = now;
      this.backlog = new Map(await this.engine.store.backlog());
    }
    const waiting = this.backlog.get(tenantId) ?? 0;
    if (waiting < most) return;
    throw new PlatformError("OVERLOADED", `tenant ${tenantId} has ${waiting} tasks waiting, ${most} are allowed`, {
      retryAfterMs: RECOUNT_MS,
    });
  }

  private async createWaiting(task: NewTask & TaskKey): Promise<Birth> {
    const { engine } = this;
    const { tenantId, taskId, agent } = task;
    const [outcome] = await engine.store.commit([{ tenantId, create: [task] }]);
    if (outcome?.outcome === "stale" && outcome.existingTaskId !== undefined)
      return { taskId: outcome.existingTaskId, existing: true };
    if (outcome?.outcome !== "committed") throw new PlatformError("CONFLICT", `task ${taskId} exists already`);
    this.backlog.set(tenantId, (this.backlog.get(tenantId) ?? 0) + 1);
    engine.residents.queue(agentKey(tenantId, agent));
    engine.claims.wake();
    return { taskId, existing: false };
  }
}
