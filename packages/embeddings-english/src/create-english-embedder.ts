/**
 * Vectors of English text by a neural model in a thread of this process. It is started by the first call and ended when nobody has called for a while; one that
 * dies, or takes too long or too much, fails its call, and the next has another. Several that ask at once take turns, so a question waits for no catalogue: of a
 * tenant one turn at a time is in the thread's line, so that who asks much does not come before others more often.
 */
import { CancelledError, PlatformError } from "@agentcore/contract/errors";
import type { Embedder } from "@agentcore/core/ports";
import { type BoundedWorker, openThread } from "@agentcore/sandbox/bounded";
import { DIMENSIONS } from "./dimensions.ts";
import { piecesOf } from "./pieces-of.ts";

export interface EnglishEmbedder extends Embedder {
  /** Ends its thread, and calls under way with CANCELED. */
  close(): Promise<void>;
}

// What is short takes some 10 ms each, 400 characters some 60: then it is another's turn.
const PIECES_AT_ONCE = 8;
const CHARACTERS_AT_ONCE = 500;
const TURN_TIMEOUT_MS = 30_000;
const MAX_CALLS = 256;
const MAX_CALLS_OF_TENANT = 64;
const MAX_TEXTS = 100;
// Loading it again takes 300 ms, and 200 MB are a lot to hold for nobody.
const IDLE_MS = 300_000;
const MEBIBYTE = 1024 * 1024;

const openWorker = (): BoundedWorker =>
  openThread({
    file: new URL(import.meta.url.endsWith(".ts") ? "./english-worker.ts" : "./english-worker.js", import.meta.url),
    doing: "making vectors of English text",
    ...{ memoryBytes: 512 * MEBIBYTE, idleMs: IDLE_MS },
    // A turn of each tenant.
    maxWaiting: MAX_CALLS,
  });

/** Throws, besides what the port says, INVALID_ARGUMENT for more than 100 texts. `open` stands in for the thread in tests. */
export const createEnglishEmbedder = ({
  open = openWorker,
}: {
  readonly open?: () => BoundedWorker;
} = {}): EnglishEmbedder => {
  const worker = open();
  // By tenant, each that has calls: how many, and the last turn that was asked for.
  const lines = new Map<string, { calls: number; last: Promise<unknown> }>();
  let calls = 0;
  let isClosed = false;

  const enter = (tenantId: string): Line => {
    const line = lines.get(tenantId) ?? { calls: 0, last: Promise.resolve() };
    if (calls >= MAX_CALLS || line.calls >= MAX_CALLS_OF_TENANT)
      throw new PlatformError(
        "OVERLOADED",
        `local/english: ${line.calls} calls of the tenant are under way, ${calls} of all: expected fewer than ${MAX_CALLS_OF_TENANT}, and ${MAX_CALLS}`,
      );
    lines.set(tenantId, line);
    line.calls += 1;
    calls += 1;
    let own: Promise<unknown> = Promise.resolve();
    return {
      turn(pieces, signal) {
        const turn = line.last.then(() => {
          signal.throwIfAborted();
          if (isClosed) throw new CancelledError("the embedder is closed");
          // Once begun it is not taken back when the caller leaves: ending the thread would cost the others more.
          return worker.call(pieces, { timeoutMs: TURN_TIMEOUT_MS }).catch(asUpstream);
        });
        line.last = own = turn.catch(() => undefined);
        return turn;
      },
      leave() {
        // What has left stands in the line until its turn is over, and counts.
        void own.then(() => {
          calls -= 1;
          line.calls -= 1;
          if (line.calls === 0) lines.delete(tenantId);
        });
      },
    };
  };

  const embedPieces = async (
    pieces: readonly string[],
    line: Line,
    signal: AbortSignal,
  ): Promise<readonly Float32Array[]> => {
    const vectors: Float32Array[] = [];
    for (const some of turnsOf(pieces)) {
      signal.throwIfAborted();
      vectors.push(...checked(await untilAborted(line.turn(some, signal), signal), some.length));
    }
    return vectors;
  };

  return {
    name: "local/english",
    async embed(tenantId, texts, { signal }) {
      signal.throwIfAborted();
      if (isClosed) throw new CancelledError("the embedder is closed");
      if (texts.length > MAX_TEXTS)
        throw new PlatformError("INVALID_ARGUMENT", `expected at most ${MAX_TEXTS} texts, got ${texts.length}`);
      const line = enter(tenantId);
      try {
        const pieces = texts.map(piecesOf);
        const vectors = await embedPieces(pieces.flat(), line, signal);
        let next = 0;
        return pieces.map((own) =>
          meanOf(own.map((piece) => ({ piece, vector: vectors[next++] ?? new Float32Array() }))),
        );
      } finally {
        line.leave();
      }
    },
    async close() {
      isClosed = true;
      await worker.close();
    },
  };
};

/** What one call has of its tenant's line. */
interface Line {
  turn(pieces: readonly string[], signal: AbortSignal): Promise<unknown>;
  leave(): void;
}

function* turnsOf(pieces: readonly string[]): Generator<readonly string[]> {
  let turn: string[] = [];
  let characters = 0;
  for (const piece of pieces) {
    if (turn.length === PIECES_AT_ONCE || (turn.length > 0 && characters + piece.length > CHARACTERS_AT_ONCE)) {
      yield turn;
      turn = [];
      characters = 0;
    }
    turn.push(piece);
    characters += piece.length;
  }
  if (turn.length > 0) yield turn;
}

/** What became of the thread is no fault of whoever asked. */
const asUpstream = (error: unknown): never => {
  const { code, message } = PlatformError.from(error);
  if (code !== "TOO_LARGE" && code !== "DEADLINE_EXCEEDED") throw error;
  throw new PlatformError("UPSTREAM_FAILED", message, { retryable: true, cause: error });
};

const checked = (answer: unknown, count: number): readonly Float32Array[] => {
  const isWhole =
    Array.isArray(answer) &&
    answer.length === count &&
    answer.every((vector) => vector instanceof Float32Array && vector.length === DIMENSIONS);
  if (!isWhole)
    throw new PlatformError(
      "UPSTREAM_FAILED",
      `local/english gave other vectors than ${count} of ${DIMENSIONS} numbers`,
    );
  return answer as readonly Float32Array[];
};

/** Of length 1, each piece by how long it is. */
const meanOf = (pieces: readonly { readonly piece: string; readonly vector: Float32Array }[]): Float32Array => {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return only.vector;
  const sum = new Float32Array(DIMENSIONS);
  for (const { piece, vector } of pieces)
    for (let at = 0; at < DIMENSIONS; at += 1) sum[at] = (sum[at] ?? 0) + piece.length * (vector[at] ?? 0);
  const length = Math.sqrt(sum.reduce((squares, value) => squares + value * value, 0)) || 1;
  return sum.map((value) => value / length);
};

const untilAborted = async <Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> => {
  let leave = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", leave);
    work.catch(() => undefined);
  }
};
