import type { NewTaskEvent } from "@agentcore/contract";
import type { MailboxInsert, NewTask, OutboxInsert, Settlement } from "../ports/index.ts";
import type { Execution } from "./execution.ts";

/** What a task has to say that its log does not know yet: the parts of its next commit unit. */
export class Draft {
  events: NewTaskEvent[];
  /** Called when the events are durable. */
  committed: (() => void)[] = [];
  creates: NewTask[] = [];
  /** Those of the created children that run here. */
  launches: Execution[] = [];
  mail: MailboxInsert[] = [];
  outbox: OutboxInsert[] = [];
  consume: string[] = [];
  settlements: Settlement[] = [];
  /** Place of `checkpoint.created` among the events, 1 for the first; mail may come after it in the same unit. */
  checkpointPlace: number | null = null;

  constructor(events: readonly NewTaskEvent[] = []) {
    this.events = [...events];
  }

  /** Puts what was refused in front of what came since, but for the event that would have ended the task. */
  takeBackUnended(refused: Draft): void {
    this.events = [...refused.events.slice(0, -1), ...this.events];
    this.committed = [...refused.committed, ...this.committed];
    this.creates = [...refused.creates, ...this.creates];
    this.launches = [...refused.launches, ...this.launches];
    this.mail = [...refused.mail, ...this.mail];
    this.outbox = [...refused.outbox, ...this.outbox];
    this.consume = [...refused.consume, ...this.consume];
    this.settlements = [...refused.settlements, ...this.settlements];
  }
}
