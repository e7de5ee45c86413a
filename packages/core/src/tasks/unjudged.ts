/** Messages that came to open questions, judged one after the other in the order they came, however long a schema takes. */
import type { A2AMessage } from "@agentcore/contract";
import type { OpenCall } from "./open-call.ts";

export interface UnjudgedMessage {
  readonly message: A2AMessage;
  /** Questions that were open when it came, in the order they were asked: an answer comes after its question. */
  readonly paths: readonly string[];
}

export class Unjudged {
  private readonly open: ReadonlyMap<string, OpenCall>;
  private readonly waiting: UnjudgedMessage[];
  private isJudging = false;

  constructor(open: ReadonlyMap<string, OpenCall>, waiting: readonly UnjudgedMessage[]) {
    this.open = open;
    this.waiting = [...waiting];
  }

  /** False when nothing is asked that it could answer. */
  add(message: A2AMessage): boolean {
    const paths = [...this.open.values()].filter(isAsking).map(({ path }) => path);
    if (paths.length > 0) this.waiting.push({ message, paths });
    this.judge();
    return paths.length > 0;
  }

  /** Offers each message to the first of its questions that has no answer yet. */
  judge(): void {
    while (!this.isJudging) {
      const item = this.waiting.shift();
      if (item === undefined) return;
      const call = item.paths.map((path) => this.open.get(path)).find(isAsking);
      const verdict = call?.receive?.(item.message);
      if (verdict === undefined) continue;
      this.isJudging = true;
      void verdict
        .then((use) => {
          // Its question was taken back meanwhile.
          if (use === "unused") this.waiting.unshift(item);
        })
        .finally(() => {
          this.isJudging = false;
          this.judge();
        });
    }
  }
}

const isAsking = (call: OpenCall | undefined): call is OpenCall => call?.kind === "input" && call.receive !== null;
