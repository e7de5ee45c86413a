/**
 * Hints between nodes over LISTEN and NOTIFY. They are sent apart from the commits they tell of: a NOTIFY inside a transaction
 * makes all commits of the database wait for each other. What is lost is found by looking: now and then, and at once when
 * the connection is there again.
 */
import type { KeyValueScope, StoreHint } from "@agentcore/core/ports";
import pg from "pg";
import { KEEP_ALIVE_DELAY_MS } from "./database.ts";

const COLLECT_MS = 2;
// PostgreSQL takes payloads of less than 8,000 bytes.
const MAX_PAYLOAD = 7_900;
const MAX_WAITING = 10_000;
// A database that is slow to take hints gets none until it has caught up.
const MAX_UNSENT = 100;
const RECONNECT_MS = 1_000;
// A node that starts waits for its line, and a server that is silent says nothing of what is lost.
const ANSWER_LIMIT_MS = 5_000;
const GOODBYE_LIMIT_MS = 1_000;

/** A value written through another process. */
export interface ValueHint {
  readonly kind: "value";
  readonly scope: KeyValueScope;
  readonly key: string;
  readonly version: number;
}

type Hint = StoreHint | ValueHint;

/** On the wire: who sends, so that it need not hear itself, and tasks as [tenant, task]; no tasks: something is due. */
interface Wire {
  readonly from: string;
  readonly due: boolean;
  readonly changed: readonly (readonly [tenantId: string, taskId: string])[];
  readonly value?: Omit<ValueHint, "kind">;
}

export class HintLine {
  private readonly url: string;
  private readonly channel: string;
  private readonly me: string;
  private readonly listeners = new Set<(hint: Hint) => void>();
  private client: pg.Client | null = null;
  private waiting = new Map<string, readonly [string, string]>();
  private isDue = false;
  private timer: NodeJS.Timeout | null = null;
  private reconnect: NodeJS.Timeout | null = null;
  private closed = false;
  private unsent = 0;
  // Until it is known that nobody listens.
  private hasAudience = true;
  /** Messages of others so far. */
  heard = 0;
  private sending: Promise<void> = Promise.resolve();

  constructor(url: string, schema: string, me: string) {
    this.url = url;
    this.channel = `agentcore_${schema}`;
    this.me = me;
  }

  listen(listener: (hint: Hint) => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** A connection that fails is tried again until the line is closed. */
  async open(): Promise<void> {
    if (this.closed) return;
    const client = new pg.Client({
      ...{ connectionString: this.url, application_name: "agentcore hints" },
      ...{ connectionTimeoutMillis: ANSWER_LIMIT_MS, query_timeout: ANSWER_LIMIT_MS },
      ...{ keepAlive: true, keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS },
    });
    client.on("error", () => this.lose(client));
    client.on("end", () => this.lose(client));
    client.on("notification", ({ payload = "" }) => this.hear(payload));
    try {
      await client.connect();
      await client.query(`listen ${client.escapeIdentifier(this.channel)}`);
      // Nothing rests on a hint, so nothing waits for the disk because of one.
      await client.query("set synchronous_commit = off");
      if (this.closed) {
        await client.end();
        return;
      }
      this.client = client;
      this.notify(JSON.stringify({ from: this.me, due: false, changed: [] } satisfies Wire));
      // What was said meanwhile was not heard.
      for (const listener of this.listeners) listener({ kind: "missed" });
    } catch {
      this.lose(client);
    }
  }

  /** `others`: live workers besides this one; counted before what was heard after `heardBefore`. */
  expect(others: number, heardBefore: number): void {
    if (this.heard === heardBefore) this.hasAudience = others > 0;
  }

  /** Spares a lone node a message for every commit. */
  tell(hint: Exclude<Hint, { readonly kind: "missed" }>): void {
    if (!this.hasAudience) return;
    if (hint.kind === "value") return this.tellValue(hint);
    if (hint.kind === "due") this.isDue = true;
    else if (this.waiting.size < MAX_WAITING)
      this.waiting.set(JSON.stringify([hint.tenantId, hint.taskId]), [hint.tenantId, hint.taskId]);
    this.timer ??= setTimeout(() => this.send(), COLLECT_MS);
  }

  /** Seldom enough to go by itself: manifests, memory. */
  private tellValue({ scope, key, version }: ValueHint): void {
    const wire: Wire = { from: this.me, due: false, changed: [], value: { scope, key, version } };
    this.notify(JSON.stringify(wire));
  }

  private notify(payload: string): void {
    // One too long for PostgreSQL is found by polling.
    if (Buffer.byteLength(payload) > MAX_PAYLOAD) return;
    const { client } = this;
    if (client === null || this.unsent >= MAX_UNSENT) return;
    this.unsent += 1;
    const sent = (): void => {
      this.unsent -= 1;
    };
    const failed = (error: unknown): void => {
      sent();
      // A line that does not answer does not tell either.
      if (this.client === client && !(error instanceof pg.DatabaseError)) this.lose(client);
    };
    // One after another: a connection takes one query at a time.
    this.sending = this.sending.then(() =>
      client.query("select pg_notify($1, $2)", [this.channel, payload]).then(sent, failed),
    );
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    if (this.reconnect !== null) clearTimeout(this.reconnect);
    const { client } = this;
    this.client = null;
    if (client === null) return;
    const ended = client.end().catch(() => undefined);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, GOODBYE_LIMIT_MS);
    });
    await Promise.race([ended, patience]);
    clearTimeout(timer);
  }

  private send(): void {
    this.timer = null;
    const changed = [...this.waiting.values()];
    const due = this.isDue;
    this.waiting = new Map();
    this.isDue = false;
    for (const payload of payloadsOf(this.me, due, changed)) this.notify(payload);
  }

  private hear(payload: string): void {
    const wire = readWire(payload);
    if (wire === null || wire.from === this.me) return;
    this.heard += 1;
    this.hasAudience = true;
    for (const listener of this.listeners) {
      for (const [tenantId, taskId] of wire.changed) listener({ kind: "changed", tenantId, taskId });
      if (wire.value !== undefined) listener({ kind: "value", ...wire.value });
      if (wire.due) listener({ kind: "due" });
    }
  }

  private lose(client: pg.Client): void {
    if (this.client !== null && this.client !== client) return;
    this.client = null;
    client.removeAllListeners();
    // An error that comes once more from a connection that is given up must not end the process.
    client.on("error", () => undefined);
    void client.end().catch(() => undefined);
    if (this.closed || this.reconnect !== null) return;
    this.reconnect = setTimeout(() => {
      this.reconnect = null;
      void this.open();
    }, RECONNECT_MS);
  }
}

/** Null for what no node of this version says: whoever may connect may notify, and nodes of other versions may say more. */
const readWire = (payload: string): Wire | null => {
  let wire: Partial<Wire> | null;
  try {
    wire = JSON.parse(payload) as Partial<Wire> | null;
  } catch {
    return null;
  }
  const { from, due, changed, value } = wire ?? {};
  const isTask = (task: unknown): boolean =>
    Array.isArray(task) && task.length === 2 && task.every((part) => typeof part === "string");
  const isValue =
    value === undefined ||
    (typeof value?.key === "string" &&
      typeof value.version === "number" &&
      typeof value.scope?.tenantId === "string" &&
      typeof value.scope.namespace === "string");
  if (typeof from !== "string" || typeof due !== "boolean" || !isValue) return null;
  if (!Array.isArray(changed) || !changed.every(isTask)) return null;
  return { from, due, changed, ...(value === undefined ? {} : { value }) };
};

const payloadsOf = (from: string, due: boolean, changed: readonly (readonly [string, string])[]): string[] => {
  const payloads: string[] = [];
  let part: (readonly [string, string])[] = [];
  let bytes = 0;
  const flush = (isLast: boolean): void => {
    if (part.length === 0 && !(isLast && due)) return;
    payloads.push(JSON.stringify({ from, due: isLast && due, changed: part } satisfies Wire));
    part = [];
    bytes = 0;
  };
  for (const task of changed) {
    const size = Buffer.byteLength(JSON.stringify(task)) + 1;
    // Ids longer than a payload are found by polling.
    if (size > MAX_PAYLOAD - 200) continue;
    if (bytes + size > MAX_PAYLOAD - 200) flush(false);
    part.push(task);
    bytes += size;
  }
  flush(true);
  return payloads;
};
