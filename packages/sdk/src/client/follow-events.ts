/**
 * A task's log as one unbroken sequence over many connections (I6): each new connection names the last number seen,
 * a number seen before is dropped, and only a terminal event ends the sequence.
 */
import type { TaskEvent } from "@agentcore/contract";
import { PlatformError } from "@agentcore/contract/errors";
import type { ApiConnection } from "./api-connection.ts";
import { errorIn, parseJson } from "./response-error.ts";
import { SseParser } from "./sse-parser.ts";
import type { EventsOptions } from "./types.ts";

const IDLE_MS = 60_000; // a silent connection may be dead; asking again from the last number costs little
const PROGRESS_MS = 10_000; // a connection that lived this long was no failure, though it brought no event

const TERMINAL: ReadonlySet<string> = new Set(["task.completed", "task.failed", "task.canceled", "task.rejected"]);

/** Throws what the server refuses with, UNAVAILABLE when it stays away, or the signal's reason. */
export async function* followEvents(
  connection: ApiConnection,
  taskId: string,
  { after = 0, signal }: EventsOptions,
): AsyncGenerator<TaskEvent, void, undefined> {
  const backOff = connection.backOff();
  let last = after;
  for (;;) {
    const startedAt = Date.now();
    let failure: unknown;
    try {
      for await (const event of readStream(connection, taskId, last, signal)) {
        if (event.seq <= last) continue;
        last = event.seq;
        backOff.reset();
        yield event;
        if (TERMINAL.has(event.type)) return;
      }
      failure = new PlatformError("UNAVAILABLE", `the event stream of task ${taskId} ended before the task did`);
    } catch (error) {
      if (signal?.aborted || !PlatformError.is(error) || !error.retryable) throw error;
      failure = error;
    }
    if (Date.now() - startedAt >= PROGRESS_MS) backOff.reset();
    await backOff.wait(failure, PlatformError.is(failure) ? failure.retryAfterMs : 0, signal);
  }
}

async function* readStream(
  connection: ApiConnection,
  taskId: string,
  after: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<TaskEvent, void, undefined> {
  const idle = new AbortController();
  const either = signal === undefined ? idle.signal : AbortSignal.any([signal, idle.signal]);
  const silent = () =>
    idle.abort(new PlatformError("UNAVAILABLE", `no word about task ${taskId} for ${IDLE_MS / 1000} s`));
  let timer = setTimeout(silent, IDLE_MS);
  try {
    const response = await connection.send("GET", `/api/v1/tasks/${encodeURIComponent(taskId)}/events`, {
      headers: { accept: "text/event-stream", ...(after > 0 ? { "last-event-id": String(after) } : {}) },
      signal: either,
    });
    const reader = response.body?.getReader();
    if (reader === undefined) return;
    try {
      const decoder = new TextDecoder();
      const parser = new SseParser();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(timer);
        timer = setTimeout(silent, IDLE_MS);
        for (const { event, data } of parser.push(decoder.decode(value, { stream: true }))) {
          const parsed = parseJson(data);
          if (event === "error")
            throw errorIn(parsed) ?? new PlatformError("UNAVAILABLE", `the event stream of task ${taskId} broke off`);
          if (isTaskEvent(parsed)) yield parsed;
        }
      }
    } finally {
      // Also when the caller stops early: an abandoned body would hold its connection.
      await reader.cancel().catch(() => undefined);
    }
  } catch (cause) {
    if (either.aborted) throw either.reason;
    if (PlatformError.is(cause)) throw cause;
    throw new PlatformError("UNAVAILABLE", `the connection to ${connection.origin} broke: ${String(cause)}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

const isTaskEvent = (value: unknown): value is TaskEvent =>
  typeof value === "object" && value !== null && "seq" in value && typeof value.seq === "number" && "type" in value;
