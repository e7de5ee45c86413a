/**
 * What people consented to, and what they are being asked, in the store: sealed where the node has keys. By tenant, and within it
 *
 *   kept/MANIFEST/SERVER/PERSON      tokens; SERVER: where they may be sent, as the manifest said when they came
 *   client/MANIFEST/SERVER/…         as which the node is registered
 *   renewing/MANIFEST/SERVER/PERSON  who renews them now, for as long as it may take
 *   waiting/MANIFEST/PERSON/TASK     the question of a task
 *   asked/ID                         a question, by what stands in its link
 *   state/NONCE                      which question somebody comes back with
 */
import { PlatformError } from "@agentcore/contract";
import type { Clock, Digest, KeyValue, KeyValueScope } from "@agentcore/core/ports";
import type { BegunConsent, KeptConsent, RegisteredClient, WantedConsent } from "@agentcore/mcp/client";

/** What the tokens of one manifest are for: they never go where another has it sent. */
export interface ConsentServer {
  readonly tenantId: string;
  readonly manifest: string;
  /** Changes with the address and its `auth`. */
  readonly server: string;
}

export interface KeptRecord {
  readonly caller: string;
  /** Milliseconds since 1970: when they consented last. */
  readonly at: number;
  readonly consent: KeptConsent;
}

export interface AskedRecord {
  readonly id: string;
  readonly manifest: string;
  readonly caller: string;
  /** Null: asked outside of any task. */
  readonly task: { readonly taskId: string; readonly agent: string } | null;
  readonly wanted: WantedConsent;
  readonly at: number;
  /** Whether somebody went there already, and came not back. */
  readonly wasBegun?: boolean;
  readonly begun?: BegunConsent & {
    readonly nonce: string;
    readonly browser: string;
    readonly redirectUrl: string;
    /** As of ConsentServer: for which it was begun. */
    readonly server: string;
  };
}

const NAMESPACE = "tool-consents";
const DAY_MS = 86_400_000;
// Of what nobody renewed for so long.
const KEPT_MS = 180 * DAY_MS;
const ASKED_MS = 30 * DAY_MS;
// For a person at the authorisation server's pages.
const STATE_MS = 3_600_000;
const RENEWING_MS = 30_000;
const POLL_MS = 200;
const PAGE = 500;
// Calls of one task that ask at the same moment.
const MAX_TRIES = 20;

export class ConsentRecords {
  private readonly keyValue: KeyValue;
  private readonly clock: Clock;
  private readonly digest: Digest;

  constructor(keyValue: KeyValue, clock: Clock, digest: Digest) {
    this.keyValue = keyValue;
    this.clock = clock;
    this.digest = digest;
  }

  async kept(of: ConsentServer, caller: string): Promise<KeptRecord | null> {
    return (await this.read<KeptRecord>(of.tenantId, this.keptKey(of, caller)))?.value ?? null;
  }

  /** `ttlMs`: for as long as it is good. @default until nobody renewed it for 180 days */
  async keep(of: ConsentServer, caller: string, consent: KeptConsent, ttlMs = KEPT_MS): Promise<void> {
    const record: KeptRecord = { caller, at: this.clock.now(), consent };
    await this.keyValue.put(scopeOf(of.tenantId), this.keptKey(of, caller), record, { ttlMs });
  }

  /** Alone over all nodes; what stands by then is not `before`: not at all. Who dies at it holds others up for half a minute. */
  async renew(
    of: ConsentServer,
    caller: string,
    before: KeptConsent,
    renewing: () => Promise<KeptConsent | null>,
  ): Promise<void> {
    const scope = scopeOf(of.tenantId);
    const key = this.keptKey(of, caller);
    const lock = `renewing/${key}`;
    const isBefore = (record: KeptRecord | undefined): boolean => record?.consent.accessToken === before.accessToken;
    for (let waited = 0; waited <= RENEWING_MS; waited += POLL_MS) {
      const version = await this.keyValue.put(scope, lock, true, { expectedVersion: 0, ttlMs: RENEWING_MS });
      if (version !== null)
        try {
          const found = await this.read<KeptRecord>(of.tenantId, key);
          if (found === null || !isBefore(found.value)) return;
          const consent = await renewing();
          // Somebody consented meanwhile: theirs stands.
          const expectedVersion = found.version;
          if (consent === null) await this.keyValue.delete(scope, key, { expectedVersion });
          else await this.keyValue.put(scope, key, { ...found.value, consent }, { expectedVersion, ttlMs: KEPT_MS });
          return;
        } finally {
          await this.keyValue.delete(scope, lock, { expectedVersion: version });
        }
      await new Promise<void>((resolve) => this.clock.after(POLL_MS, resolve));
      if (!isBefore((await this.read<KeptRecord>(of.tenantId, key))?.value)) return;
    }
  }

  async client(of: ConsentServer, issuer: string, redirectUrl: string): Promise<RegisteredClient | null> {
    return (await this.read<RegisteredClient>(of.tenantId, this.clientKey(of, issuer, redirectUrl)))?.value ?? null;
  }

  async keepClient(
    of: ConsentServer,
    issuer: string,
    redirectUrl: string,
    client: RegisteredClient | null,
  ): Promise<void> {
    const key = this.clientKey(of, issuer, redirectUrl);
    if (client === null) await this.keyValue.delete(scopeOf(of.tenantId), key);
    else await this.keyValue.put(scopeOf(of.tenantId), key, client, { ttlMs: KEPT_MS });
  }

  /** The question of a task, as it stands, with its id; a task has one for each manifest, also where two of its calls ask at once. */
  async ask(tenantId: string, asked: Omit<AskedRecord, "id" | "at">, makeId: () => string): Promise<AskedRecord> {
    const scope = scopeOf(tenantId);
    const key = this.waitingKey(asked);
    const made = makeId();
    const isFirst =
      (await this.keyValue.put(scope, key, { id: made }, { expectedVersion: 0, ttlMs: ASKED_MS })) !== null;
    const id = isFirst ? made : ((await this.read<{ readonly id: string }>(tenantId, key))?.value.id ?? made);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const before = await this.asked(tenantId, id);
      const record: AskedRecord = { ...before?.record, ...asked, id, at: this.clock.now() };
      if (!(await this.update(tenantId, record, before?.version ?? 0))) continue;
      // It may have been answered in between, and is asked anew.
      if (!isFirst) await this.keyValue.put(scope, key, { id }, { ttlMs: ASKED_MS });
      return record;
    }
    throw new PlatformError("CONFLICT", `consent to the tools "${asked.manifest}" is asked for by too many at once`, {
      retryable: true,
    });
  }

  async asked(
    tenantId: string,
    id: string,
  ): Promise<{ readonly record: AskedRecord; readonly version: number } | null> {
    const found = await this.read<AskedRecord>(tenantId, `asked/${id}`);
    return found === null ? null : { record: found.value, version: found.version };
  }

  async askedBy(tenantId: string, of: Pick<AskedRecord, "manifest" | "caller" | "task">): Promise<AskedRecord | null> {
    const known = await this.read<{ readonly id: string }>(tenantId, this.waitingKey(of));
    return known === null ? null : ((await this.asked(tenantId, known.value.id))?.record ?? null);
  }

  /** All of one person, about one manifest. */
  waiting(tenantId: string, manifest: string, caller: string): Promise<readonly AskedRecord[]> {
    return this.waitingUnder(tenantId, `waiting/${manifest}/${this.person(caller)}/`);
  }

  allWaiting(tenantId: string): Promise<readonly AskedRecord[]> {
    return this.waitingUnder(tenantId, "waiting/");
  }

  private async waitingUnder(tenantId: string, prefix: string): Promise<readonly AskedRecord[]> {
    const found: AskedRecord[] = [];
    await this.each(tenantId, prefix, async ({ value }) => {
      const asked = await this.asked(tenantId, (value as { readonly id: string }).id);
      if (asked !== null) found.push(asked.record);
    });
    return found;
  }

  /** False where the question has changed since. */
  async update(tenantId: string, record: AskedRecord, expectedVersion: number): Promise<boolean> {
    const written = await this.keyValue.put(scopeOf(tenantId), `asked/${record.id}`, record, {
      ...{ expectedVersion, ttlMs: ASKED_MS },
    });
    return written !== null;
  }

  async answered(tenantId: string, record: AskedRecord): Promise<void> {
    await this.keyValue.delete(scopeOf(tenantId), this.waitingKey(record));
    await this.keyValue.delete(scopeOf(tenantId), `asked/${record.id}`);
  }

  /** `before`: with what somebody left earlier, and cannot come back any more. */
  async leave(tenantId: string, nonce: string, id: string, before: string | undefined): Promise<void> {
    if (before !== undefined) await this.keyValue.delete(scopeOf(tenantId), `state/${before}`);
    await this.keyValue.put(scopeOf(tenantId), `state/${nonce}`, { id }, { ttlMs: STATE_MS });
  }

  /** Whoever left with it, once. */
  async back(tenantId: string, nonce: string): Promise<string | null> {
    const found = await this.read<{ readonly id: string }>(tenantId, `state/${nonce}`);
    if (found === null) return null;
    const isFirst = await this.keyValue.delete(scopeOf(tenantId), `state/${nonce}`, { expectedVersion: found.version });
    return isFirst ? found.value.id : null;
  }

  /** Who has consented, by the order of no name. */
  async list(tenantId: string, manifest: string): Promise<readonly KeptRecord[]> {
    const found: KeptRecord[] = [];
    await this.each(tenantId, `kept/${manifest}/`, ({ value }) => void found.push(value as KeptRecord));
    return found;
  }

  /** Null: of all. False: there was none. */
  async revoke(tenantId: string, manifest: string, caller: string | null): Promise<boolean> {
    let isFound = false;
    const ending = caller === null ? "" : `/${this.person(caller)}`;
    await this.each(tenantId, `kept/${manifest}/`, async ({ key }) => {
      if (!key.endsWith(ending)) return;
      isFound = (await this.keyValue.delete(scopeOf(tenantId), key)) || isFound;
    });
    return isFound;
  }

  /** There is no such manifest any more. */
  async forget(tenantId: string, manifest: string): Promise<void> {
    for (const kind of ["kept", "client", "waiting"])
      await this.each(tenantId, `${kind}/${manifest}/`, async ({ key }) => {
        await this.keyValue.delete(scopeOf(tenantId), key);
      });
  }

  private async each(
    tenantId: string,
    prefix: string,
    work: (entry: { readonly key: string; readonly value: unknown }) => Promise<void> | void,
  ): Promise<void> {
    for (let after: string | undefined; ; ) {
      const page = await this.keyValue.list(scopeOf(tenantId), {
        ...{ prefix, limit: PAGE },
        ...(after === undefined ? {} : { after }),
      });
      for (const entry of page) await work(entry);
      after = page.at(-1)?.key;
      if (page.length < PAGE) return;
    }
  }

  private async read<T>(
    tenantId: string,
    key: string,
  ): Promise<{ readonly value: T; readonly version: number } | null> {
    const entry = await this.keyValue.get(scopeOf(tenantId), key);
    return entry === null ? null : { value: entry.value as T, version: entry.version };
  }

  private person(caller: string): string {
    return this.digest.sha256(caller).slice(0, 32);
  }

  private keptKey({ manifest, server }: ConsentServer, caller: string): string {
    return `kept/${manifest}/${server}/${this.person(caller)}`;
  }

  private clientKey({ manifest, server }: ConsentServer, issuer: string, redirectUrl: string): string {
    return `client/${manifest}/${server}/${this.digest.sha256(JSON.stringify([issuer, redirectUrl])).slice(0, 32)}`;
  }

  private waitingKey({ manifest, caller, task }: Pick<AskedRecord, "manifest" | "caller" | "task">): string {
    return `waiting/${manifest}/${this.person(caller)}/${task?.taskId ?? "-"}`;
  }
}

const scopeOf = (tenantId: string): KeyValueScope => ({ tenantId, namespace: NAMESPACE });
