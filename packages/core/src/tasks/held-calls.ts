/** Calls of a task in memory that breakpoints hold: each a durable wait, until somebody lets it go on. */
import { CancelledError, type DebugAction, MAX_HELD_INPUT_SIZE } from "@agentcore/contract";
import { sizeOf } from "../payloads/json-size.ts";
import { assertSerialisable } from "../payloads/serialisable.ts";
import type { Execution } from "./execution.ts";
import { recordedAs } from "./journal.ts";
import type { CallRequest, OpenCall } from "./open-call.ts";
import { listen } from "./waits.ts";

/** What somebody asks of a task that they look into. */
export type DebugMail =
  | {
      readonly type: "breakpoints";
      readonly by: string;
      readonly breakpoints: readonly string[];
      readonly next: boolean;
    }
  | {
      readonly type: "debug";
      readonly by: string;
      /** First names of calls that were held when it was asked: what is held since then is not let go unseen. */
      readonly paths: readonly string[];
      readonly request: DebugAction;
    };

export class HeldCalls {
  private readonly execution: Execution;
  private readonly begins = new Map<OpenCall, () => void>();

  constructor(execution: Execution) {
    this.execution = execution;
  }

  /** True when the call is held now: `begin` comes later, or never. What a task that was told to end takes back is not held up. */
  hold(call: OpenCall, { input, takesInput = false, signal }: CallRequest, begin: () => void): boolean {
    const { execution } = this;
    const { breakpoints } = execution.journal;
    const { path, kind, inputHash } = call;
    if (call.isAfterEnd || execution.ending.isTold) {
      if (!breakpoints.isHeld(path)) return false;
      this.begins.set(call, begin);
      // The code has been told since.
      this.withdraw();
      return true;
    }
    if (signal?.aborted === true) {
      // What heeds its signal ends as it begins.
      if (!breakpoints.isHeld(path)) return false;
      this.begins.set(call, begin);
      this.drop(call, notNeeded(path));
      return true;
    }
    if (!breakpoints.isHeld(path)) {
      const breakpoint = breakpoints.match(path);
      if (breakpoint === null) return false;
      execution.append({
        type: "call.held",
        at: execution.services.senses.clock.now(),
        data: {
          ...{ path, kind, breakpoint },
          ...(inputHash === undefined ? {} : { inputHash }),
          ...shown(input),
          ...(takesInput ? { takesInput } : {}),
        },
      });
    }
    call.durable = true;
    this.begins.set(call, begin);
    listen(call, signal, () => this.drop(call, notNeeded(path)));
    return true;
  }

  take(mail: DebugMail): void {
    const { execution } = this;
    if (execution.isClosed) return;
    const at = execution.services.senses.clock.now();
    const { by } = mail;
    if (mail.type === "breakpoints") {
      const { breakpoints, next } = mail;
      return execution.append({
        type: "breakpoints.changed",
        at,
        data: { by, breakpoints: [...breakpoints], ...(next ? { next } : {}) },
      });
    }
    const { request } = mail;
    const held = [...this.begins].filter(([call]) => execution.open.get(call.path) === call);
    for (const [call, begin] of held.filter(([{ firstPath }]) => mail.paths.includes(firstPath))) {
      this.begins.delete(call);
      const next = request.action === "step" ? { next: true } : {};
      const set = request.action === "set" ? { set: true } : {};
      const input = "input" in request && request.input !== undefined ? { input: request.input } : {};
      call.stopListening?.();
      call.stopListening = null;
      execution.append({ type: "call.released", at, data: { path: call.path, by, ...next, ...set, ...input } });
      call.durable = false;
      if (request.action === "set") execution.complete(call, recordedAs(call, request.value));
      else begin();
    }
  }

  /** The code was told to end, and does not come to what it is held before. */
  withdraw(): void {
    for (const [call] of this.begins) this.drop(call, `${call.path} was held when the task was told to end`);
  }

  private drop(call: OpenCall, why: string): void {
    const { execution } = this;
    if (this.begins.delete(call) && execution.isOpen(call)) execution.fail(call, new CancelledError(why), 1);
  }
}

const notNeeded = (path: string): string => `${path} was held, and is not needed any more`;

/** What no log can keep, or is large, is held all the same. */
const shown = (input: unknown): { readonly input?: unknown; readonly inputSize?: number } => {
  if (input === undefined) return {};
  try {
    assertSerialisable(input, "the input of a call");
    const inputSize = sizeOf(input);
    return inputSize > MAX_HELD_INPUT_SIZE ? { inputSize } : { input };
  } catch {
    return {};
  }
};
