/**
 * The reference: a program run without an engine. It says which calls are open, and what the code does when one of them
 * is settled. Threads are generators; nothing here waits, and nothing knows of logs, stores or promises.
 */
import { type Change, MAX_ATTEMPTS, type Op, type Payload } from "./program.ts";

export class Failure extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

export type Settled = { readonly value: unknown } | { readonly error: Failure };

export interface Call {
  readonly path: string;
  readonly kind: "step" | "sleep" | "input" | "authorization" | "command" | "emit";
  readonly op: Op | null;
  readonly at: string;
  settle: (result: Settled) => void;
}

/** What the code sees of versions: `insert`, `drop` and `rename` do as version 2; `patch` does once `patched` said so. */
export type Choice = 1 | 2;

type Wait =
  | { readonly call: Omit<Call, "settle">; readonly isLoose?: boolean }
  | { readonly join: "all" | "race"; readonly threads: readonly Thread[] }
  | { readonly goOn: unknown };
type Thread = Generator<Wait, unknown, unknown>;

export const CANCELED = "CANCELED";

export class Machine {
  /** In the order they were made. */
  readonly open = new Map<string, Call>();
  /** Paths that must come to the log some time, without anybody waiting. */
  readonly marks = new Set<string>();
  /** What the code had sent and made when it ended: it must be in the log, what other threads do later need not. */
  owed: readonly string[] = [];
  /** Calls that the cancel has taken away. */
  readonly canceled = new Set<string>();
  /** How the code ended. */
  end: Settled | null = null;
  /** The state that the code goes on with afresh, once the log says so. */
  continuing: { readonly state: unknown; readonly refuse: () => void } | null = null;
  private isCanceled = false;
  private readonly occurrences = new Map<string, number>();
  private readonly payload: Payload;
  private readonly round: number;
  private readonly choice: Choice;

  constructor(payload: Payload, round: number, choice: Choice) {
    this.payload = payload;
    this.round = round;
    this.choice = choice;
  }

  start(): void {
    this.drive(this.main(), { value: undefined }, (end) => {
      this.end = end;
      const sent = [...this.open.values()].filter(({ kind }) => kind === "emit" || kind === "command");
      this.owed = [...this.marks, ...sent.map(({ path }) => path)];
    });
  }

  settle(path: string, result: Settled): void {
    const call = this.open.get(path);
    this.open.delete(path);
    call?.settle(result);
  }

  cancel(): void {
    this.isCanceled = true;
    const calls = [...this.open.values()];
    this.open.clear();
    for (const { path } of calls) this.canceled.add(path);
    for (const call of calls) call.settle({ error: new Failure(CANCELED) });
    this.continuing?.refuse();
  }

  private *main(): Thread {
    const value = yield* this.sequence(this.payload.body, "", this.payload.change);
    if (this.round >= this.payload.rounds) return value;
    if (this.isCanceled) throw new Failure(CANCELED);
    if (this.open.size > 0) throw new Failure("UNSUPPORTED_OPERATION");
    return yield { goOn: { round: this.round + 1, value } };
  }

  private *sequence(body: readonly Op[], at: string, change: Payload["change"] = null): Thread {
    const values: unknown[] = [];
    let index = 0;
    for (let place = 0; place <= body.length; place++) {
      if (change !== null && Math.min(change.at, body.length) === place) {
        values.push(yield* this.changed(change.how));
        index += 1;
      }
      const op = body[place];
      if (op === undefined) break;
      values.push(yield* this.perform(op, `${at}${index}`));
      index += 1;
    }
    return values;
  }

  private *changed(how: Change): Thread {
    const isNew = this.choice === 2;
    if (how === "insert" && !isNew) return null;
    if (how === "drop" && isNew) return null;
    if (how === "patch" && isNew) this.marks.add("patched:change");
    return yield { call: this.call("step", "step", isNew ? "new" : "old", null) };
  }

  private *perform(op: Op, at: string): Thread {
    switch (op.op) {
      case "step": {
        const values: unknown[] = [];
        for (let time = 0; time < op.times; time++) values.push(yield { call: this.call("step", "step", at, op) });
        return values;
      }
      case "sleep":
        return yield { call: this.call("sleep", "sleep:sleep", at, op) };
      case "input":
        return yield { call: this.call("input", "input:input", at, op) };
      case "access": {
        const granted = yield { call: this.call("authorization", "authorization", at, op) };
        return (granted as { readonly name: string }).name;
      }
      case "child": {
        const target = op.by === "agent" ? "agent:child" : "capability:work";
        return yield { call: this.call("command", `command:${target}`, at, op), isLoose: op.mode === "loose" };
      }
      case "emit":
        yield { call: this.call("emit", "emit:told", at, op) };
        return null;
      case "artifact":
        this.marks.add(`artifact:${at}`);
        return null;
      case "all":
      case "race": {
        const threads = op.branches.map((branch, index) => this.sequence(branch, `${at}.${index}.`));
        return yield { join: op.op, threads };
      }
      case "guard":
        try {
          return yield* this.sequence(op.body, `${at}.b.`);
        } catch (error) {
          yield* this.sequence(op.cleanup, `${at}.c.`);
          throw error;
        }
      case "catch":
        try {
          return yield* this.sequence(op.body, `${at}.b.`);
        } catch (error) {
          if (!(error instanceof Failure) || error.code === CANCELED) throw error;
          return error.code;
        }
      case "throw":
        throw new Failure(op.retryable ? "UPSTREAM_FAILED" : "AGENT_FAILED");
    }
  }

  /** Steps and access are told apart by the place in their name, all else by their key. */
  private call(kind: Call["kind"], stem: string, at: string, op: Op | null): Omit<Call, "settle"> {
    const name = kind === "step" || kind === "authorization" ? `${stem}:${at}` : `${stem}[${at}]`;
    const occurrence = (this.occurrences.get(name) ?? 0) + 1;
    this.occurrences.set(name, occurrence);
    return { path: occurrence === 1 ? name : `${name}#${occurrence}`, kind, op, at };
  }

  /** Runs a thread until it waits. */
  private drive(thread: Thread, given: Settled, ended: (end: Settled) => void): void {
    let step: IteratorResult<Wait, unknown>;
    try {
      step = "error" in given ? thread.throw(given.error) : thread.next(given.value);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return ended({ error });
    }
    if (step.done === true) return ended({ value: step.value });
    const wait = step.value;
    const goOn = (result: Settled): void => this.drive(thread, result, ended);
    if ("call" in wait) {
      const isLoose = wait.isLoose === true;
      this.open.set(wait.call.path, { ...wait.call, settle: isLoose ? () => {} : goOn });
      if (isLoose) goOn({ value: null });
    } else if ("goOn" in wait) {
      this.continuing = {
        state: wait.goOn,
        refuse: () => {
          this.continuing = null;
          goOn({ error: new Failure(CANCELED) });
        },
      };
    } else this.join(wait.join, wait.threads, goOn);
  }

  private join(how: "all" | "race", threads: readonly Thread[], goOn: (result: Settled) => void): void {
    const values: unknown[] = threads.map(() => null);
    let left = threads.length;
    let isSettled = false;
    const settle = (result: Settled): void => {
      if (isSettled) return;
      isSettled = true;
      goOn(result);
    };
    for (const [index, thread] of threads.entries())
      this.drive(thread, { value: undefined }, (end) => {
        if ("error" in end || how === "race") return settle(end);
        values[index] = end.value;
        left -= 1;
        if (left === 0) settle({ value: values });
      });
  }
}

/** Whether a step fails for good. */
export const failsForGood = (op: Op | null): boolean => op?.op === "step" && op.fails >= MAX_ATTEMPTS;
