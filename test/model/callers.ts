/** Those who ask: they repeat what got no answer, and remember what they were promised. */
import { isTerminal, PlatformError, type TaskEvent } from "@agentcore/contract";
import type { TaskHead } from "@agentcore/core/ports";
import type { TaskService } from "@agentcore/core/tasks";
import type { Action, Payload, Program } from "./program.ts";
import { SCOPE, textMessage, type World } from "./world.ts";

interface Said {
  readonly taskId: string;
  readonly messageId: string;
  /** Places in the order of all that callers did. */
  readonly saidAt: number;
  acceptedAt: number | null;
}

const MAX_TRIES = 400;

export class Callers {
  /** Of each program its first task, once it was acknowledged. */
  readonly roots = new Map<string, string>();
  readonly said: Said[] = [];
  /** Decisions about access that were acknowledged. */
  readonly granted: { readonly taskId: string; readonly by: string }[] = [];
  /** Asked for, whether acknowledged or not. */
  readonly cancelsAsked = new Set<string>();
  readonly cancelsAccepted = new Set<string>();
  /** Programs whose repeated submission was acknowledged as one that is known. */
  repeats = 0;
  private readonly world: World;
  private order = 0;

  constructor(world: World) {
    this.world = world;
  }

  /** Everything that the callers of a program do of themselves. */
  async run(name: string, program: Program): Promise<void> {
    const actions = program.outside.toSorted((one, other) => one.after - other.after);
    const taskId = await this.submit(name, program);
    if (taskId === null) return;
    let passed = 0;
    for (const action of actions) {
      await this.world.pause(((action.after - passed) * this.world.pace.outsideMs) / 10);
      passed = action.after;
      await this.act(name, program, taskId, action);
    }
  }

  private request(name: string, program: Program) {
    const { body, rounds, change, deadline, lane } = program;
    const input: Payload = { program: name, body, rounds, change, at: name };
    return {
      target: { agent: lane === null ? "root" : "lane" },
      idempotencyKey: name,
      input,
      ...(lane === null ? {} : { contextId: `lane ${lane}` }),
      ...(deadline === null ? {} : { deadline: this.deadlineOf(name, deadline) }),
    };
  }

  private readonly deadlines = new Map<string, number>();

  /** The same each time the program is submitted. */
  private deadlineOf(name: string, tenths: number): number {
    const known = this.deadlines.get(name);
    const deadline = known ?? Math.floor(this.world.clock.now() + (tenths * this.world.pace.outsideMs) / 10);
    this.deadlines.set(name, deadline);
    return deadline;
  }

  private async submit(name: string, program: Program): Promise<string | null> {
    const answer = await this.ask(`${name}: submit`, (service) => service.submit(SCOPE, this.request(name, program)));
    if (answer instanceof PlatformError) {
      this.world.wrong.push(`${name}: submit was refused: ${answer.message}`);
      return null;
    }
    const known = this.roots.get(name);
    if (known !== undefined && known !== answer.taskId) this.world.wrong.push(`${name}: submitted twice, two tasks`);
    this.roots.set(name, answer.taskId);
    return answer.taskId;
  }

  private async act(name: string, program: Program, root: string, action: Action): Promise<void> {
    switch (action.act) {
      case "submit again": {
        await this.submit(name, program);
        this.repeats += 1;
        return;
      }
      case "submit something else": {
        const request = { ...this.request(name, program), input: { other: true } };
        const answer = await this.ask(`${name}: conflict`, (service) => service.submit(SCOPE, request));
        if (!(answer instanceof PlatformError) || answer.code !== "CONFLICT")
          this.world.wrong.push(`${name}: a key was taken for something else: ${JSON.stringify(answer)}`);
        return;
      }
      case "say": {
        const to = await this.taskOf(root, action.to);
        return this.say(to, `${name} ${action.text}`, `${action.ok ? "ok" : "no"} ${action.text}`);
      }
      case "authorize":
        return this.authorize(await this.taskOf(root, action.to), action.deny);
      case "cancel":
        return this.cancel(await this.taskOf(root, action.to));
      case "retry": {
        const to = await this.taskOf(root, action.to);
        await this.ask(`${name}: retry`, (service) => service.retry(SCOPE, to));
        return;
      }
      case "change the code":
        this.world.changed.add(name);
    }
  }

  async say(taskId: string, messageId: string, text: string): Promise<void> {
    // One message has one text: a repeat brings the same.
    const said: Said = { taskId, messageId: `${messageId} ${text}`, saidAt: ++this.order, acceptedAt: null };
    this.said.push(said);
    const message = textMessage(said.messageId, text);
    const answer = await this.ask("say", (service) => service.send(OPERATOR, taskId, message));
    if (!(answer instanceof PlatformError)) said.acceptedAt = ++this.order;
    else if (answer.code !== "TASK_TERMINAL") this.world.wrong.push(`a message was refused: ${answer.message}`);
  }

  /** Decides as somebody of its own, so that logs tell whose decision stands. */
  async authorize(taskId: string, deny: boolean, reference?: string): Promise<void> {
    const by = `granter ${++this.order}`;
    const decision = {
      ...(reference === undefined ? {} : { reference }),
      ...(deny ? { deny: "no" } : { credential: { type: "bearer" as const, value: `secret of ${by}` } }),
    };
    const answer = await this.ask("authorize", (service) =>
      service.authorize({ ...OPERATOR, caller: by }, taskId, decision),
    );
    if (!(answer instanceof PlatformError)) this.granted.push({ taskId, by });
    else if (!MAY_REFUSE.has(answer.code))
      this.world.wrong.push(`a decision was refused: ${answer.code} ${answer.message}`);
  }

  async cancel(taskId: string): Promise<void> {
    this.cancelsAsked.add(taskId);
    const answer = await this.ask("cancel", (service) => service.cancel(OPERATOR, taskId));
    if (!(answer instanceof PlatformError)) this.cancelsAccepted.add(taskId);
    else if (answer.code !== "TASK_NOT_CANCELABLE")
      this.world.wrong.push(`a cancel was refused: ${answer.code} ${answer.message}`);
  }

  async retry(taskId: string): Promise<void> {
    await this.ask("retry", (service) => service.retry(OPERATOR, taskId));
  }

  /** One of the tasks of a program. */
  private async taskOf(root: string, number: number): Promise<string> {
    const family = [root];
    for (const taskId of family) {
      const { heads } = await this.world.store
        .list({ tenantId: SCOPE.tenantId, parentTaskId: taskId, limit: 100 })
        .catch(() => ({ heads: [] as readonly TaskHead[] }));
      family.push(...heads.map((head) => head.taskId).toSorted());
    }
    return family[number % family.length] ?? root;
  }

  /** The same again until it is answered. */
  private async ask<T>(what: string, ask: (service: TaskService) => Promise<T>): Promise<T | PlatformError> {
    const { world } = this;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const service = world.anyService();
      if (service !== null) {
        const answered = ask(service).catch((error: unknown) => PlatformError.from(error));
        const answer = await Promise.race([answered, world.pause(world.pace.patienceMs).then(() => SILENCE)]);
        if (answer !== SILENCE && !(answer instanceof PlatformError && answer.retryable)) return answer as T;
      }
      await world.pause(world.pace.patienceMs / 5);
    }
    world.wrong.push(`${what}: no answer after ${MAX_TRIES} tries`);
    return new PlatformError("UNAVAILABLE", "no answer");
  }
}

// Nothing like that is asked for, several are, somebody was faster, it is over.
const MAY_REFUSE: ReadonlySet<string> = new Set([
  "UNSUPPORTED_OPERATION",
  "INVALID_ARGUMENT",
  "CONFLICT",
  "TASK_TERMINAL",
]);
const SILENCE = Symbol("silence");
// Listeners belong to the platform's own caller.
const OPERATOR = { ...SCOPE, operator: true };

export const isOver = (head: TaskHead): boolean => isTerminal(head.state);

export const submissionOf = (log: readonly TaskEvent[]) => {
  const [first] = log;
  return first?.type === "task.submitted" ? first.data : null;
};
