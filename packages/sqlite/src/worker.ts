/**
 * The one thread that touches the file. Requests are served in the order they came; the calls of a write request are
 * one transaction (group commit), and its answer leaves after the commit is on disk (I5).
 */
import { backup } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import type { ClaimRequest } from "@agentcore/core/ports";
import { Claims } from "./claims.ts";
import { UnitWriter } from "./commit-unit.ts";
import { openDatabase } from "./database.ts";
import { Events } from "./events.ts";
import { Heads } from "./heads.ts";
import { KeyValues } from "./key-value.ts";
import { LedgerTable } from "./ledger.ts";
import { Mailbox } from "./mailbox.ts";
import { Outbox } from "./outbox.ts";
import type {
  CallResult,
  Failure,
  ReadCall,
  Request,
  Response,
  StoredClaim,
  WorkerOptions,
  WriteCall,
} from "./protocol.ts";
import { Retention } from "./retention.ts";
import { TaskBlobs } from "./task-blobs.ts";
import { decodeUnits } from "./units.ts";
import { Vectors } from "./vectors.ts";
import { WorkerFailure } from "./worker-failure.ts";

// 1 MiB: a write waits about a millisecond for the pages under way.
const COPY_PAGES = 256;

type FaultPoint = (point: string) => void;

const failureOf = (error: unknown): Failure => {
  const { code, message, isDiskFull } = WorkerFailure.from(error);
  return { code, message, isDiskFull };
};

class StoreWorker {
  private readonly database;
  private readonly heads;
  private readonly events;
  private readonly mailbox;
  private readonly outbox;
  private readonly blobs;
  private readonly ledger;
  private readonly claims;
  private readonly keyValues;
  private readonly retention;
  private readonly vectors;
  private readonly units;
  private readonly options: WorkerOptions;
  private readonly fault: FaultPoint;
  private copying: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(options: WorkerOptions, fault: FaultPoint) {
    this.options = options;
    this.fault = fault;
    const database = openDatabase(options);
    this.database = database;
    this.heads = new Heads(database);
    this.events = new Events(database);
    this.mailbox = new Mailbox(database);
    this.outbox = new Outbox(database);
    this.blobs = new TaskBlobs(database);
    this.ledger = new LedgerTable(database);
    this.claims = new Claims(database);
    this.keyValues = new KeyValues(database);
    this.retention = new Retention(database, this.heads, this.blobs);
    this.vectors = new Vectors(database);
    this.units = new UnitWriter({
      database,
      heads: this.heads,
      events: this.events,
      mailbox: this.mailbox,
      outbox: this.outbox,
      blobs: this.blobs,
      ledger: this.ledger,
    });
    // The file is ours alone, so whoever held a lease is dead.
    this.heads.voidLeases();
  }

  /**
   * Throws when the batch as a whole could not be written. A call that fails by its own fault is found by writing the
   * calls one by one, and fails alone.
   */
  write(calls: readonly WriteCall[], now: number): CallResult[] {
    try {
      return this.transaction(calls, now).map((value) => ({ ok: true, value }));
    } catch (error) {
      const failure = failureOf(error);
      if (failure.code === "STORE_UNAVAILABLE") throw error;
      if (calls.length === 1) return [{ ok: false, failure }];
      return calls.flatMap((call) => this.writeAlone(call, now));
    }
  }

  private writeAlone(call: WriteCall, now: number): CallResult[] {
    try {
      return this.write([call], now);
    } catch (error) {
      return [{ ok: false, failure: failureOf(error) }];
    }
  }

  private transaction(calls: readonly WriteCall[], now: number): unknown[] {
    const commits = calls.some(([name]) => name === "commit");
    this.database.exec("begin immediate");
    try {
      const values = calls.map((call) => this.writeCall(call, now));
      if (commits) this.fault("tasks.commit.inside");
      if (this.options.syncDelayMs > 0) sleep(this.options.syncDelayMs);
      this.database.exec("commit");
      if (commits) this.fault("tasks.commit.written");
      return values;
    } catch (error) {
      // SQLite has rolled back by itself after some errors (disk full, I/O).
      if (this.database.isTransaction) this.database.exec("rollback");
      throw error;
    }
  }

  private writeCall(call: WriteCall, now: number): unknown {
    const [name, argument] = call;
    switch (name) {
      case "commit":
        return decodeUnits(argument).map((unit) => this.units.write(unit, now));
      case "claim":
        return this.claim(argument);
      case "acknowledgeOutbox":
        return this.outbox.acknowledge(argument);
      case "compact":
        return this.retention.compact(argument);
      case "remove":
        return this.retention.remove(argument);
      case "expireReservations":
        return this.ledger.expire(argument.now, argument.limit);
      case "removeSpent":
        return this.ledger.removeSpent(argument);
      case "put":
        return this.keyValues.put(
          argument.scope,
          argument.key,
          argument.value,
          argument.expectedVersion,
          argument.ttlMs,
          now,
        );
      case "delete":
        return this.keyValues.remove(argument.scope, argument.key, argument.expectedVersion, now);
      case "add":
        return this.keyValues.add(argument.scope, argument.key, argument.amount, argument.ceiling, now);
      case "upsertVectors":
        return this.vectors.upsert(argument.scope, argument.dimensions, argument.rows);
      case "deleteVectors":
        return this.vectors.remove(argument.scope, argument.ids);
      case "clearVectors":
        return this.vectors.clear(argument);
    }
  }

  private claim(request: ClaimRequest): StoredClaim[] {
    let read = 0;
    return this.claims.claim(request).map((head) => {
      const { items, bytes } = this.mailbox.read(head.id, read);
      read = bytes;
      return { head, mailbox: items };
    });
  }

  read(call: ReadCall, now: number): unknown {
    const [name, argument] = call;
    switch (name) {
      case "leases":
        return this.heads.leases();
      case "nextDue":
        return this.heads.nextDue();
      case "head":
        return this.heads.find(argument.tenantId, argument.taskId);
      case "findByIdempotencyKey":
        return this.heads.findByKey(argument.tenantId, argument.caller, argument.idempotencyKey);
      case "readLog": {
        const head = this.heads.find(argument.key.tenantId, argument.key.taskId);
        return head === null ? [] : this.events.log(head.id, argument);
      }
      case "mailbox": {
        const head = this.heads.find(argument.tenantId, argument.taskId);
        if (head === null) return { items: [], more: false };
        const { items, more } = this.mailbox.read(head.id);
        return { items, more };
      }
      case "leasedWithMail":
        return this.mailbox.ofLeased();
      case "waitingMail": {
        const head = this.heads.find(argument.tenantId, argument.taskId);
        const waiting = head === null ? [] : this.mailbox.waiting(head.id);
        return { count: waiting.length, bytes: waiting.reduce((sum, { bytes }) => sum + bytes, 0) };
      }
      case "hasTaken": {
        const head = this.heads.find(argument.tenantId, argument.taskId);
        return head !== null && this.mailbox.hasTaken(head.id, argument.mailKey);
      }
      case "list":
        return this.heads.list(argument);
      case "tail":
        return this.events.tail(argument.tenantId, argument.after, argument.limit);
      case "outbox":
        return this.outbox.read(argument.limit, argument.after);
      case "retention":
        return this.retention.find(argument);
      case "referredBlobs":
        return this.blobs.referred(argument.tenantId, argument.names);
      case "backlog":
        return this.heads.backlog(now);
      case "balances":
        return this.ledger.balances(argument.tenantId, argument.accounts);
      case "accounts":
        return this.ledger.accounts(argument);
      case "reservations":
        return this.ledger.listed(argument);
      case "ledgerTenants":
        return this.ledger.tenants();
      case "usage":
        return this.ledger.usage(argument);
      case "get":
        return this.keyValues.get(argument.scope, argument.key, now);
      case "listValues":
        return this.keyValues.list(argument.scope, argument.prefix, argument.after, argument.limit, now);
      case "vectorSpace":
        return this.vectors.space(argument);
      case "vectors":
        return this.vectors.get(argument.scope, argument.ids);
      case "vectorPage":
        return this.vectors.page(argument.space, argument.after, argument.limit);
      case "vectorLabels":
        return this.vectors.list(argument.scope, argument.after, argument.limit);
      case "countVectors":
        return this.vectors.count(argument);
    }
  }

  /** Page by page between the writes, which take part in it. */
  copyTo(file: string): Promise<void> {
    this.isStopped = false;
    const progress = (): void => {
      if (this.isStopped) throw new WorkerFailure("UNAVAILABLE", "the copy was stopped");
    };
    this.copying = backup(this.database, file, { rate: COPY_PAGES, progress }).then(() => undefined);
    return this.copying;
  }

  stopCopy(): void {
    this.isStopped = true;
  }

  async close(): Promise<void> {
    this.stopCopy();
    await this.copying.catch(() => undefined);
    this.database.close();
  }
}

/** Blocks this thread, as a slow disk would. */
const sleep = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

const loadFault = async (module: string | null): Promise<FaultPoint> => {
  if (module === null) return () => {};
  const loaded = (await import(module)) as { readonly fault: FaultPoint };
  return (point) => {
    try {
      loaded.fault(point);
    } catch (error) {
      throw new WorkerFailure("STORE_UNAVAILABLE", `fault at ${point}`, { cause: error });
    }
  };
};

const serve = (worker: StoreWorker, request: Request): unknown => {
  switch (request.kind) {
    case "write":
      return worker.write(request.calls, request.now);
    case "read":
      return worker.read(request.call, request.now);
    case "stopCopy":
      return worker.stopCopy();
    case "copy":
    case "close":
      throw new WorkerFailure("INTERNAL", `${request.kind} takes its time`);
  }
};

const answer = (response: Response): void => parentPort?.postMessage(response);

const attempt = (id: number, action: () => unknown): void => {
  try {
    answer({ id, value: action() });
  } catch (error) {
    answer({ id, failure: failureOf(error) });
  }
};

/** What is answered later, while other requests are served. */
const serveLater = async (worker: StoreWorker, request: Request): Promise<void> => {
  try {
    if (request.kind === "copy") await worker.copyTo(request.file);
    if (request.kind === "close") await worker.close();
    answer({ id: request.id, value: null });
  } catch (error) {
    answer({ id: request.id, failure: failureOf(error) });
  }
  if (request.kind === "close") parentPort?.close();
};

const start = async (): Promise<void> => {
  try {
    const options = workerData as WorkerOptions;
    const worker = new StoreWorker(options, await loadFault(options.faultModule));
    parentPort?.on("message", (request: Request) => {
      if (request.kind === "copy" || request.kind === "close") void serveLater(worker, request);
      else attempt(request.id, () => serve(worker, request));
    });
    answer({ id: 0, value: null });
  } catch (error) {
    answer({ id: 0, failure: failureOf(error) });
    parentPort?.close();
  }
};

await start();
