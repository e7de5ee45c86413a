/**
 * One attempt at a task, or one query, whose code runs apart: the node's side of it. What the code is handed is counted in turns; it is
 * quiet when it has said of the last one that nothing more follows from it.
 */
import { PlatformError } from "@agentcore/contract";
import type { Log } from "@agentcore/contract/authoring";
import type { Apart } from "./apart.ts";
import type { FromApart, Settled, ToApart } from "./messages.ts";
import { MAX_SIGNALS, openExchange } from "./references.ts";
import { decode, encode } from "./value-codec.ts";

/** What the code may do from there. */
export interface RunMembers {
  call(method: string, values: readonly unknown[]): Promise<unknown>;
  ask(method: string, values: readonly unknown[]): unknown;
  readonly log: Log;
  /** The code has become quiet. */
  quiet?(): void;
}

/** What its code begins with; values are to be encoded for it. */
export type Beginning = (
  run: number,
  turn: number,
  encoded: (value: unknown) => unknown,
) => Extract<ToApart, { type: "run" | "answer" }>;

/** Messages of its run. */
export type RunMessage = Extract<FromApart, { readonly run: number }>;

export class ApartRun {
  readonly ended: Promise<unknown>;
  private readonly exchange: ReturnType<typeof openExchange>;
  private apart: Apart | null = null;
  private handed = 1;
  private taken = 0;
  /** Answers of functions there that the node waits for, such as of a schema, before it makes the call that the code asked for. */
  private awaited = 0;
  private isOver = false;
  private waiting: (() => void)[] = [];
  private settleEnd: { resolve(value: unknown): void; reject(error: unknown): void } = { resolve() {}, reject() {} };
  private readonly run: number;
  private readonly members: RunMembers;

  constructor(run: number, members: RunMembers) {
    this.run = run;
    this.members = members;
    this.ended = new Promise((resolve, reject) => {
      this.settleEnd = { resolve, reject };
    });
    this.exchange = openExchange({
      maxSignals: MAX_SIGNALS,
      invoke: (call, id, values) => this.apart?.send({ type: "invoke", run, call, function: id, values }),
      aborted: (signal, reason) => this.hand((turn) => ({ type: "abort", run, turn, signal, reason })),
      awaits: (change) => {
        if (change === 1) this.awaited += 1;
        // What follows from the answer comes first.
        else setImmediate(() => this.rested(() => (this.awaited -= 1)));
      },
    });
  }

  get isQuiet(): boolean {
    return this.isOver || (this.taken === this.handed && this.awaited === 0);
  }

  /** Resolves when it is, or is over. */
  async quiet(): Promise<void> {
    while (!this.isQuiet) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** Its code begins; what it is given is the first turn. */
  begin(apart: Apart, beginning: Beginning): void {
    if (this.isOver) return;
    this.apart = apart;
    apart.send(beginning(this.run, 1, (value) => encode(value, this.exchange)));
  }

  hear(message: RunMessage): void {
    switch (message.type) {
      case "call":
        void this.perform(message.call, message.method, message.values);
        return;
      case "ask":
        this.apart?.answer(this.answerTo(message.method, message.values));
        return;
      case "tell": {
        const level = message.method.replace(/^log\./, "");
        const [text, fields] = decode(message.values, this.exchange) as [string, Record<string, unknown> | undefined];
        if (level === "debug" || level === "info" || level === "warn" || level === "error")
          this.members.log[level](text, fields);
        return;
      }
      case "invoke":
        void this.exchange.run(message.function, message.values).then((settled) => {
          this.apart?.send({ type: "returned", run: this.run, call: message.call, ...settled });
        });
        return;
      case "returned":
        this.exchange.settle(message.call, message);
        return;
      case "abort":
        this.exchange.abort(message.signal, message.reason);
        return;
      case "ended":
        if ("error" in message) this.settleEnd.reject(decode(message.error, this.exchange));
        else this.settleEnd.resolve(decode(message.value, this.exchange));
        return;
      case "quiet":
        // What `ctx` settled at once of the calls that came before it is handed over first: that is a turn more.
        setImmediate(() => this.rested(() => (this.taken = message.turn)));
        return;
      case "dropped":
        return;
    }
  }

  /** Nothing of it leads anywhere any more. */
  close(): void {
    this.isOver = true;
    this.apart = null;
    this.exchange.close();
    this.wake();
  }

  private rested(note: () => void): void {
    note();
    if (!this.isQuiet || this.isOver) return;
    this.members.quiet?.();
    this.wake();
  }

  private hand(message: (turn: number) => ToApart): void {
    if (this.isOver || this.apart === null) return;
    this.handed += 1;
    this.apart.send(message(this.handed));
  }

  private async perform(call: number, method: string, values: unknown): Promise<void> {
    const settled = await this.outcomeOf(() =>
      this.members.call(method, decode(values, this.exchange) as readonly unknown[]),
    );
    this.hand((turn) => ({ type: "settled", run: this.run, turn, call, ...settled }));
  }

  private async outcomeOf(work: () => Promise<unknown>): Promise<Settled> {
    try {
      return { value: encode(await work(), this.exchange) };
    } catch (error) {
      return { error: encode(error, this.exchange) };
    }
  }

  private answerTo(method: string, values: unknown): Settled {
    try {
      if (this.isOver) throw new PlatformError("CANCELED", "the run has ended");
      const value = this.members.ask(method, decode(values, this.exchange) as readonly unknown[]);
      return { value: encode(value, this.exchange) };
    } catch (error) {
      return { error: encode(error, this.exchange) };
    }
  }

  private wake(): void {
    for (const resume of this.waiting.splice(0)) resume();
  }
}
