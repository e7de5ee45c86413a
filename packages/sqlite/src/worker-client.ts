/** The main thread's end of the worker: requests with ids, group commit of writes, and one clear error when it is gone. */
import { Worker } from "node:worker_threads";
import { PlatformError } from "@agentcore/contract";
import { GroupCommit, type SettledResult } from "@agentcore/core/storage";
import { DiskRoom, diskFull } from "./disk-room.ts";
import type {
  CallResult,
  Failure,
  ReadCall,
  Reads,
  Request,
  Response,
  WorkerOptions,
  WriteCall,
  Writes,
} from "./protocol.ts";

export interface WorkerClientOptions {
  readonly now: () => number;
  /** Most commit units in one transaction. @default 2000 */
  readonly maxBatchUnits?: number | undefined;
  /** Most bytes of payload in one transaction. @default 8 MiB */
  readonly maxBatchBytes?: number | undefined;
}

// Enough to make the cost of a commit small per unit; more only delays the first of them.
const DEFAULT_BATCH_UNITS = 2000;
const DEFAULT_BATCH_BYTES = 8 * 1024 * 1024;

// A second one would wait at the worker, closed to what comes meanwhile: batches are smaller then, and a unit alone in its own takes six times the processor time of
// one among twenty. Nothing was faster for it, not on a slow disk either.
const BATCHES_IN_FLIGHT = 1;

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: PlatformError) => void;
}

// Less than that is as good as none: one payload may have as much.
const PROBE_CHARACTERS = 1024 * 1024;
// Where the process ends between the two.
const PROBE_LIFE_MS = 60_000;
const PROBE_ROW = { scope: { tenantId: "system", namespace: "disk-room" }, key: "probe" } as const;

const errorOf = ({ code, message, isDiskFull }: Failure): PlatformError =>
  isDiskFull ? diskFull() : new PlatformError(code, message);

/** From source the worker is `.ts` (Node strips the types), from dist `.js`; it lies beside this file in both. */
const workerUrl = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url);

export class WorkerClient {
  private readonly worker: Worker;
  private readonly pending = new Map<number, Pending>();
  private readonly writes: GroupCommit<WriteCall>;
  private readonly now: () => number;
  /** Whether there is room for writes. */
  readonly room: DiskRoom;
  private lastId = 0;
  private gone: PlatformError | null = null;
  private closing: Promise<void> | null = null;

  private constructor(worker: Worker, options: WorkerClientOptions) {
    this.worker = worker;
    this.now = options.now;
    this.room = new DiskRoom(() => this.writeProbe(), options.now);
    this.writes = new GroupCommit({
      write: (calls) => this.writeBatch(calls),
      nextTurn: (callback) => void setImmediate(callback),
      maxWeight: options.maxBatchUnits ?? DEFAULT_BATCH_UNITS,
      maxBytes: options.maxBatchBytes ?? DEFAULT_BATCH_BYTES,
      maxInFlight: BATCHES_IN_FLIGHT,
    });
    worker.on("message", (response: Response) => this.settle(response));
    worker.on("error", (error) =>
      this.fail(
        new PlatformError("STORE_UNAVAILABLE", `the store's thread failed: ${error.message}`, { cause: error }),
      ),
    );
    worker.on("exit", () => this.fail(new PlatformError("STORE_UNAVAILABLE", "the store's thread has ended")));
  }

  /** Resolves when the file is open, migrated and ours. */
  static async start(workerOptions: WorkerOptions, options: WorkerClientOptions): Promise<WorkerClient> {
    const client = new WorkerClient(
      new Worker(workerUrl, { workerData: workerOptions, name: "agentcore-sqlite" }),
      options,
    );
    await new Promise((resolve, reject) => client.pending.set(0, { resolve, reject }));
    return client;
  }

  /** `weight` and `bytes` bound the batch that the call joins. */
  async write<Name extends keyof Writes>(
    name: Name,
    argument: Writes[Name][0],
    weight = 1,
    bytes = 0,
  ): Promise<Writes[Name][1]> {
    this.assertOpen();
    // Name and argument belong together by the signature, which a tuple of a generic name cannot show.
    return (await this.writes.add([name, argument] as unknown as WriteCall, weight, bytes)) as Writes[Name][1];
  }

  async read<Name extends keyof Reads>(name: Name, argument: Reads[Name][0]): Promise<Reads[Name][1]> {
    this.assertOpen();
    const call = [name, argument] as unknown as ReadCall;
    return (await this.request((id) => ({ id, kind: "read", now: this.now(), call }))) as Reads[Name][1];
  }

  /** Copies the file as it is at the end of the copying. Throws UNAVAILABLE when it was stopped. */
  async copyTo(file: string): Promise<void> {
    this.assertOpen();
    await this.request((id) => ({ id, kind: "copy", file }));
  }

  stopCopy(): void {
    this.request((id) => ({ id, kind: "stopCopy" })).catch(() => undefined);
  }

  /** Writes what was asked for before, then closes the file. Idempotent. */
  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    await this.writes.drain();
    await this.room.settled();
    if (this.gone !== null) return;
    const ended = new Promise<void>((resolve) => this.worker.once("exit", () => resolve()));
    await this.request((id) => ({ id, kind: "close" }));
    await ended;
  }

  private async writeBatch(calls: readonly WriteCall[]): Promise<readonly SettledResult[]> {
    const results = (await this.request((id) => ({
      id,
      kind: "write",
      now: this.now(),
      calls,
    }))) as readonly CallResult[];
    return results.map((result) => {
      if (result.ok) return result;
      const error = errorOf(result.failure);
      this.room.note(error);
      return { ok: false, error };
    });
  }

  /** Takes room on the disk and gives it back, in transactions of its own: a batch that it joined would fail with it. */
  private async writeProbe(): Promise<void> {
    const value = "0".repeat(PROBE_CHARACTERS);
    const put: WriteCall = ["put", { ...PROBE_ROW, value, expectedVersion: null, ttlMs: PROBE_LIFE_MS }];
    for (const call of [put, ["delete", { ...PROBE_ROW, expectedVersion: null }] as const satisfies WriteCall])
      for (const result of await this.writeBatch([call])) if (!result.ok) throw result.error;
  }

  private request(make: (id: number) => Request): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.gone !== null) {
        reject(this.gone);
        return;
      }
      this.lastId += 1;
      this.pending.set(this.lastId, { resolve, reject });
      this.worker.postMessage(make(this.lastId));
    });
  }

  private settle(response: Response): void {
    const pending = this.pending.get(response.id);
    this.pending.delete(response.id);
    if (!("failure" in response)) return pending?.resolve(response.value);
    const error = errorOf(response.failure);
    this.room.note(error);
    pending?.reject(error);
  }

  private fail(error: PlatformError): void {
    this.gone ??= error;
    for (const pending of this.pending.values()) pending.reject(error);
    this.pending.clear();
  }

  private assertOpen(): void {
    if (this.closing !== null) throw new PlatformError("STORE_UNAVAILABLE", "the store was closed");
    if (this.gone !== null) throw this.gone;
  }
}
