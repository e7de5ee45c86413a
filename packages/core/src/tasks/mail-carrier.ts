/** Puts mail into mailboxes for those outside, and tells recipients that are in memory. */
import { PlatformError } from "@agentcore/contract";
import type { MailboxInsert, TaskKey } from "../ports/index.ts";
import type { TaskEngine } from "./engine.ts";
import type { Execution } from "./execution.ts";

const READ_AGAIN_MS = 250;
// As many as a log holds events. Two that come at once may both find room: these bound what is kept, they count nothing.
const MAX_WAITING_MAIL = 10_000;
// Half a dozen of the largest messages.
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

export class MailCarrier {
  private readonly engine: TaskEngine;
  private looking: Promise<void> | null = null;

  constructor(engine: TaskEngine) {
    this.engine = engine;
  }

  /** Throws OVERLOADED when as much waits for the task as may: it is parked, or has no slot. */
  async assertRoom(key: TaskKey): Promise<void> {
    // What runs here takes its mail in as it comes.
    if (this.engine.residents.get(key) !== undefined) return;
    const { count, bytes } = await this.engine.store.waitingMail(key);
    if (count < MAX_WAITING_MAIL && bytes < MAX_WAITING_BYTES) return;
    const [waiting, allowed] =
      count < MAX_WAITING_MAIL
        ? [`${bytes} bytes of messages`, MAX_WAITING_BYTES]
        : [`${count} messages`, MAX_WAITING_MAIL];
    throw new PlatformError(
      "OVERLOADED",
      `task ${key.taskId} has ${waiting} waiting, ${allowed} are allowed; let it go on, or cancel it`,
      { retryAfterMs: 10_000 },
    );
  }

  /** Mail from outside (a caller's message, cancel, retry); resolves when it is durable (I5). */
  async post(tenantId: string, mail: MailboxInsert): Promise<"accepted" | "terminal"> {
    const [outcome] = await this.engine.store.commit([{ tenantId, mail: [mail] }]);
    if (outcome?.outcome === "stale") return "terminal";
    if (outcome?.outcome !== "committed") throw new PlatformError("STORE_UNAVAILABLE", "the store refused the mail");
    this.deliver(tenantId, [mail], true);
    return "accepted";
  }

  /**
   * Tells recipients of mail. The end of a child that was certainly written is handed over as it is: its id makes a
   * repeat harmless. Everything else is read from the mailbox, which knows what is there and what was taken in before.
   */
  deliver(tenantId: string, mail: readonly MailboxInsert[], written: boolean): void {
    const { residents, claims, senses } = this.engine;
    for (const { taskId, key, kind, payload } of mail) {
      const recipient = residents.get({ tenantId, taskId });
      if (recipient === undefined || recipient.phase === "ended") claims.wake();
      else if (written && kind === "childFinished")
        recipient.intake.take([{ key, kind, payload, position: 0, insertedAt: senses.clock.now() }]);
      else this.read(recipient, () => (recipient.phase === "ended" ? claims.wake() : undefined));
    }
  }

  /** For mail that others wrote to tasks in memory here: the hint of it may be lost. */
  look(): void {
    const { store, residents } = this.engine;
    this.looking ??= store
      .leasedWithMail()
      .then(
        (keys) => {
          for (const key of keys) {
            const recipient = residents.get(key);
            if (recipient !== undefined) this.read(recipient, () => undefined);
          }
        },
        // The next look finds it, and the lease's keeper says what is wrong.
        () => undefined,
      )
      .finally(() => {
        this.looking = null;
      });
  }

  /** Asks again until the store answers: nobody else tells a task in memory of its mail (I5). */
  read(execution: Execution, then: () => void): void {
    const { senses, claims } = this.engine;
    execution.intake.hint().then(then, (error: unknown) => {
      senses.logger.log("error", `cannot read mail: ${PlatformError.from(error).message}`, {
        tenantId: execution.head.tenantId,
        taskId: execution.head.taskId,
      });
      if (execution.phase === "ended") claims.wake();
      else senses.clock.after(READ_AGAIN_MS, () => this.read(execution, then));
    });
  }
}
