/** The node's side of a process that runs code: gives it the code, answers its calls, and believes nothing that it says. */
import type { Writable } from "node:stream";
import { PlatformError } from "@agentcore/contract";
import type { CodeOptions, CodeResult, HostFunction } from "./code-result.ts";
import type { CallAnswer, GuestError, RunEnd, RunRequest } from "./guest/messages.ts";
import { readLines } from "./guest/read-lines.ts";
import { readMessage } from "./guest/read-message.ts";
import { type EndingLimit, readCodeLimits } from "./limits/sandbox-limits.ts";
import { type Machine, sandboxUnavailable } from "./machine.ts";
import { boundedOutput } from "./process/bounded-output.ts";
import type { ContainedRun, Mount } from "./process/contained-run.ts";
import { startContained } from "./process/start-contained.ts";

/** A language that runs code. */
export interface GuestProgram {
  readonly argv: readonly string[];
  readonly mounts: readonly Mount[];
  readonly base: ContainedRun["base"];
}

// On a machine that is busy with much else; half a second is usual.
const START_LIMIT_MS = 60_000;
const MAX_CALLS_AT_ONCE = 16;
const MAX_CALLS = 1_000;
// As many again are told why not; who goes on then does not listen.
const MAX_CALLS_TOLD = 2 * MAX_CALLS;
const MAX_NAME_SHOWN = 100;
const MAX_CODE_BYTES = 2 ** 20;
// Of the line around a value, whose quotes are escaped once more.
const LINE_ROOM_BYTES = 65_536;

/** Throws INVALID_ARGUMENT, SANDBOX_UNAVAILABLE, the signal's reason; that the code fails is a result. */
export const runGuest = async (
  program: GuestProgram,
  code: string,
  options: CodeOptions,
  machine: Machine,
): Promise<CodeResult> => {
  const limits = readCodeLimits(options.limits);
  const functions = new Map(Object.entries(options.functions ?? {}));
  const request: RunRequest = {
    code: checkCode(code),
    input: readInput(options.input),
    functions: [...functions.keys()],
    memoryBytes: limits.memoryBytes,
    outputBytes: limits.outputBytes,
  };
  const contained = startContained(
    {
      ...{ argv: program.argv, mounts: program.mounts, base: program.base, limits },
      ...{ files: [], environment: { LANG: "C.UTF-8" }, directory: "/", onlyThreads: true },
      ...{ channels: 1, startMs: START_LIMIT_MS },
    },
    machine,
    options.signal,
  );
  const [channel] = contained.channels;
  if (channel === undefined) throw new PlatformError("INTERNAL", "a process that runs code has a channel");
  const output = boundedOutput(limits.outputBytes, () => contained.exceed("outputBytes")).add(contained.stdout);
  const said = boundedOutput(LINE_ROOM_BYTES, () => {}).add(contained.stderr);
  const over = new AbortController();
  const flood = (): void => contained.exceed("outputBytes");
  const answer = answerCalls(channel, functions, { maxBytes: limits.outputBytes, flood }, over.signal);
  let isReady = false;
  let end: RunEnd | undefined;
  readLines(channel, {
    maxBytes: 2 * limits.outputBytes + LINE_ROOM_BYTES,
    onLine(line) {
      const message = readMessage(line);
      if (message === undefined || end !== undefined) return;
      if (message.type === "call") return answer(message);
      if (message.type !== "ready") {
        end = message;
        return;
      }
      if (isReady) return;
      isReady = true;
      contained.begin();
      channel.write(`${JSON.stringify(request)}\n`);
    },
    onFlood: flood,
  });
  contained.stdin.end();
  try {
    const { limit, usage, exitCode } = await contained.ended;
    if (!isReady && limit === undefined) throw didNotStart(said(), exitCode);
    const result = resultOf(end, limit, { exitCode, said: said() });
    return { ...result, output: output(), usage };
  } finally {
    over.abort();
  }
};

type Told =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: GuestError; readonly limit?: EndingLimit };

const resultOf = (
  end: RunEnd | undefined,
  limit: EndingLimit | undefined,
  seen: { readonly exitCode: number; readonly said: string },
): Told => {
  const ended = limit ?? (end?.type === "exceeded" ? end.limit : undefined);
  if (ended !== undefined)
    return {
      ok: false,
      limit: ended,
      error: { name: "LimitExceeded", message: `it was ended for its limit ${ended}` },
    };
  if (end?.type === "failed") return { ok: false, error: end.error };
  if (end?.type === "done")
    try {
      return { ok: true, value: JSON.parse(end.value) };
    } catch {
      return { ok: false, error: { name: "Error", message: "its value is no JSON" } };
    }
  const message = `the language gave up (exit code ${seen.exitCode}): ${firstLines(seen.said) || "without a word"}`;
  return { ok: false, error: { name: "RuntimeFailure", message } };
};

const answerCalls = (
  channel: Writable,
  functions: ReadonlyMap<string, HostFunction>,
  { maxBytes, flood }: { readonly maxBytes: number; readonly flood: () => void },
  signal: AbortSignal,
) => {
  let made = 0;
  let open = 0;
  const outputOf = async (name: string, input: string): Promise<string> => {
    const run = functions.get(name);
    if (made > MAX_CALLS) throw new Error(`more than ${MAX_CALLS} calls in a run`);
    if (run === undefined) throw new Error(`there is no function ${JSON.stringify(name.slice(0, MAX_NAME_SHOWN))}`);
    if (open >= MAX_CALLS_AT_ONCE) throw new Error(`more than ${MAX_CALLS_AT_ONCE} calls at once`);
    if (Buffer.byteLength(input) > maxBytes) throw new Error(`the input has more than ${maxBytes} bytes`);
    open += 1;
    try {
      const output = JSON.stringify((await run(JSON.parse(input), signal)) ?? null);
      if (Buffer.byteLength(output) > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`);
      return output;
    } finally {
      open -= 1;
    }
  };
  return ({ id, name, input }: { readonly id: number; readonly name: string; readonly input: string }): void => {
    made += 1;
    // Answers that nobody reads are memory of the node.
    const isUnread = channel.writableLength > MAX_CALLS_AT_ONCE * 2 * maxBytes + LINE_ROOM_BYTES;
    if (made > MAX_CALLS_TOLD || isUnread) return flood();
    const send = (answer: CallAnswer): void => {
      if (!signal.aborted) channel.write(`${JSON.stringify(answer)}\n`);
    };
    outputOf(name, input).then(
      (output) => send({ id, output }),
      (error: unknown) => send({ id, error: error instanceof Error ? error.message : String(error) }),
    );
  };
};

const checkCode = (code: string): string => {
  if (typeof code === "string" && Buffer.byteLength(code) <= MAX_CODE_BYTES) return code;
  throw new PlatformError("INVALID_ARGUMENT", `code: expected text of at most ${MAX_CODE_BYTES} bytes`);
};

const readInput = (input: unknown): string => {
  try {
    return JSON.stringify(input ?? null) ?? "null";
  } catch (cause) {
    throw new PlatformError("INVALID_ARGUMENT", `input: expected JSON: ${(cause as Error).message}`, { cause });
  }
};

const firstLines = (text: string): string =>
  text
    .split("\n")
    .map((line) => line.replace(/^#\s*/, "").trim())
    .filter(Boolean)
    .slice(0, 3)
    .join("; ");

const didNotStart = (said: string, exitCode: number): PlatformError =>
  sandboxUnavailable(
    `the language did not start (exit code ${exitCode}): ${firstLines(said) || "without a word"}`,
    "`agentcore doctor` shows what works here.",
  );
