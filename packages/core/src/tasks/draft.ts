import type { NewTaskEvent } from "@agentcore/contract";
import type { MailboxInsert, NewTask, OutboxInsert, Settlement } from "../ports/index.ts";
import type { Execution } from "./execution.ts";
import type { Delivery } from "./journal.ts";

/** What a task has to say that its log does not know yet: the parts of its next commit unit. */
export class Draft {
  events: NewTaskEvent[];
  /** What the code is handed when the events are durable, and not before. */
  deliveries: Delivery[] = [];
  /** Called then, after that. */
  committed: (() => void)[] = [];
  /** The code was handed a result that is among the events: nothing that it does about that may have an effect before they are durable (I4). */
  isAhead = false;
  /** It was kept for a turn, for what the code does about such a result to go with it. */
  wasKept = false;
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

  /** Something will go on when the events are durable. */
  get willGoOn(): boolean {
    return this.deliveries.length > 0 || this.committed.length > 0;
  }

  /** Puts what was refused in front of what came since, but for the event that would have ended the task. */
  takeBackUnended(refused: Draft): void {
    this.events = [...refused.events.slice(0, -1), ...this.events];
    this.committed = [...refused.committed, ...this.committed];
    this.deliveries = [...refused.deliveries, ...this.deliveries];
    this.isAhead ||= refused.isAhead;
    this.creates = [...refused.creates, ...this.creates];
    this.launches = [...refused.launches, ...this.launches];
    this.mail = [...refused.mail, ...this.mail];
    this.outbox = [...refused.outbox, ...this.outbox];
    this.consume = [...refused.consume, ...this.consume];
    this.settlements = [...refused.settlements, ...this.settlements];
  }
}
