import type { Context } from "@agentcore/contract/authoring";
import { bounded, type CodingEvent, withTexts } from "../dialects/coding-event.ts";

// Of a task; what comes after them is counted.
export const MAX_PROGRESS = 500;
export const PROGRESS_CHARACTERS = 2_000;

/** What a task shows of an event, as far as it shows it, and the session that it may have to go on with; null: nothing. */
export const toldOf = (event: CodingEvent): CodingEvent | null => {
  switch (event.type) {
    case "session":
    case "text":
    case "toolUse":
    case "problem":
      return withTexts(event, (text) => bounded(text, PROGRESS_CHARACTERS));
    case "toolResult":
    case "usage":
    case "cost":
    case "result":
      return null;
  }
};

/** What a task shows of its work while it goes on. */
export class TaskProgress {
  private readonly ctx: Pick<Context, "progress">;
  private told = 0;

  constructor(ctx: Pick<Context, "progress">) {
    this.ctx = ctx;
  }

  async say(message: string): Promise<void> {
    this.told += 1;
    if (this.told < MAX_PROGRESS) return this.ctx.progress(bounded(message, PROGRESS_CHARACTERS));
    if (this.told === MAX_PROGRESS) return this.ctx.progress("what comes of progress from here on is not shown");
  }

  async tell(event: CodingEvent): Promise<void> {
    switch (event.type) {
      case "text":
        return this.say(event.text);
      case "toolUse":
        return this.say(event.about === "" ? event.tool : `${event.tool}: ${event.about}`);
      case "problem":
        return this.say(`problem: ${event.message}`);
      default:
    }
  }
}
