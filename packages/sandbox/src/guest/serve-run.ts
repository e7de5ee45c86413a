/** Runs inside: takes one piece of code from the node, and tells it what became of that. */
import { writeSync } from "node:fs";
import { Socket } from "node:net";
import type { CallAnswer, GuestMessage, RunEnd, RunRequest } from "./messages.ts";
import { readLines } from "./read-lines.ts";

export interface Outside {
  /** Returns when it is written: what prints without end must wait for whoever reads. */
  print(text: string | Uint8Array): void;
  /** Of a function that the caller gave; JSON both ways. */
  call(name: string, input: string): Promise<string>;
  /** Ends the process with that. */
  end(end: RunEnd): void;
}

/** `run` is asked once; the limits of the code count from now. */
export const serveRun = (run: (request: RunRequest, outside: Outside) => Promise<RunEnd>): void => {
  const channel = new Socket({ fd: 3 });
  const calls = new Map<number, { resolve(output: string): void; reject(error: Error): void }>();
  let made = 0;
  let isStarted = false;
  const send = (message: GuestMessage | RunEnd, then?: () => void): void => {
    channel.write(`${JSON.stringify(message)}\n`, then);
  };
  const outside: Outside = {
    print(text) {
      const bytes = typeof text === "string" ? Buffer.from(text) : text;
      for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
    },
    call: (name, input) =>
      new Promise((resolve, reject) => {
        made += 1;
        calls.set(made, { resolve, reject });
        send({ type: "call", id: made, name, input });
      }),
    end: (end) => send(end, () => process.exit(0)),
  };
  const settle = (answer: CallAnswer): void => {
    const waiting = calls.get(answer.id);
    calls.delete(answer.id);
    if ("error" in answer) waiting?.reject(new Error(answer.error));
    else waiting?.resolve(answer.output);
  };
  const start = async (request: RunRequest): Promise<void> => {
    outside.end(await run(request, outside).catch(failureOf));
  };
  readLines(channel, {
    maxBytes: Number.POSITIVE_INFINITY,
    onLine(line) {
      if (isStarted) return settle(JSON.parse(line) as CallAnswer);
      isStarted = true;
      void start(JSON.parse(line) as RunRequest);
    },
    onFlood() {},
  });
  // The node is gone.
  channel.on("close", () => process.exit(1));
  send({ type: "ready" });
};

/** Where the language itself could not begin or go on. */
const failureOf = (error: unknown): RunEnd => {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { type: "failed", error: { name, message } };
};

/** What the code itself came to, told by its first letter: `v` and its value, `e` and a GuestError, both as JSON. */
export const readEnd = (said: string, { outputBytes }: RunRequest): RunEnd => {
  if (Buffer.byteLength(said) > outputBytes) return { type: "exceeded", limit: "outputBytes" };
  return said.startsWith("v")
    ? { type: "done", value: said.slice(1) }
    : { type: "failed", error: JSON.parse(said.slice(1)) };
};
