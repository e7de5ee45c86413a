import type { A2AMessage } from "@agentcore/contract";
import type { Journal } from "./journal.ts";

/** What others have said to a task, in log order, and how far its code knows of it: what it has not read goes on with it (I5). */
export class IncomingMessages {
  private readonly come: A2AMessage[];
  private readonly answers: Set<string>;
  private delivered: number;
  private read = 0;
  private shown: readonly A2AMessage[] | null = null;

  constructor(journal: Journal) {
    this.come = [...journal.unread];
    this.delivered = this.come.length;
    for (const delivery of journal.deliveries) if (delivery.type === "message") this.come.push(delivery.message);
    this.answers = new Set(journal.answers);
  }

  /** It is in the log with the next unit, and reaches the code after that. */
  add(message: A2AMessage): void {
    this.come.push(message);
  }

  /** The next of them reaches the code. */
  deliver(): void {
    this.delivered += 1;
    this.shown = null;
  }

  /** Those that have reached the code. */
  get count(): number {
    return this.delivered;
  }

  /** The code is given what the message says by the call that asked for it. */
  answer(messageId: string): void {
    this.answers.add(messageId);
  }

  /** `ctx.messages`: a list that stays as it is, so that what the code has been shown is known. */
  show(): readonly A2AMessage[] {
    this.read = this.delivered;
    this.shown ??= this.come.slice(0, this.delivered);
    return this.shown;
  }

  get unread(): readonly A2AMessage[] {
    return this.come.slice(this.read).filter(({ messageId }) => !this.answers.has(messageId));
  }
}
