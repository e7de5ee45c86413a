/**
 * What was decided about access that tasks wait for, with its secret where one came; and the secret of a task's decision tokens. Kept apart from logs and mail, which are read
 * by many and live long: by task, until it expires or the task has ended.
 */
import {
  type AuthorizationDecision,
  AuthorizationReference,
  type Credential,
  isTerminal,
  MAX_AUTHORIZATION_MS,
  PlatformError,
} from "@agentcore/contract";
import type { Authorization } from "@agentcore/contract/authoring";
import type { Digest, KeyValue, KeyValueEntry, KeyValueScope, Senses, TaskKey, TaskStore } from "../ports/index.ts";

/** Without its secret: what the mail says that wakes the task. */
export interface Grant {
  readonly path: string;
  readonly reference: string;
  readonly name: string;
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly expiresAt?: number;
  /** Refused, and why. */
  readonly denied?: string;
}

interface Kept {
  readonly grant: Grant;
  readonly credential: Credential | null;
}

/** Under which the decision tokens of a task are made. */
interface TokenSecret {
  readonly secret: string;
}

const PAGE = 100;
const MAX_TRIES = 3;
// No reference of a grant, which is hexadecimal.
const TOKENS = "decision-tokens";
// A store hides what its own expiry has struck and may keep it for long, so that comes later: first a sweep finds it and takes it out.
const KEPT_AFTER_MS = 86_400_000;

/** Names one wait of one task; the same whoever makes it. */
export const authorizationReference = (
  digest: Digest,
  { tenantId, taskId }: TaskKey,
  checkpointSeq: number,
  path: string,
) => digest.sha256(JSON.stringify(["authorization", tenantId, taskId, checkpointSeq, path])).slice(0, 32);

export class Credentials {
  private readonly keyValue: KeyValue;
  private readonly senses: Senses;
  private readonly forgetting = new Set<Promise<void>>();

  constructor(keyValue: KeyValue, senses: Senses) {
    this.keyValue = keyValue;
    this.senses = senses;
  }

  /**
   * Keeps the decision unless there is one about that wait already. Returns the one that stands, and whether it says the same: who
   * asks again because no answer came is told what was told before.
   */
  async decide(
    key: TaskKey,
    grant: Grant,
    credential: Credential | null,
  ): Promise<{ readonly standing: Grant; readonly isSame: boolean }> {
    const ttlMs = Math.max(0, (grant.expiresAt ?? grant.at + MAX_AUTHORIZATION_MS) - grant.at) + KEPT_AFTER_MS;
    const decided: Kept = { grant, credential };
    const [scope, name] = [scopeOf(key), keyOf(key, grant.reference)];
    // One that has expired, or does so between the two, is in nobody's way.
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const version = await this.keyValue.put(scope, name, decided, { expectedVersion: 0, ttlMs });
      if (version !== null) return { standing: grant, isSame: true };
      const entry = await this.keyValue.get(scope, name);
      if (entry === null) continue;
      const kept = entry.value as Kept;
      if (!this.hasExpired(kept))
        return { standing: kept.grant, isSame: this.same(kept, grant.by, grant.denied, credential) };
      await this.keyValue.delete(scope, name, { expectedVersion: entry.version });
    }
    throw new PlatformError(
      "CONFLICT",
      `others decide about access to ${grant.name} at the same time; look at the task`,
    );
  }

  /** Whether that caller has decided just that about the wait. */
  async isRepeat(
    key: TaskKey,
    reference: string,
    by: string,
    { deny, credential }: AuthorizationDecision,
  ): Promise<boolean> {
    const kept = await this.kept(key, reference);
    return kept !== null && this.same(kept, by, deny, credential ?? null);
  }

  /** The secret that came with a grant. Throws INVALID_ARGUMENT, PERMISSION_DENIED, UNSUPPORTED_OPERATION. */
  async read(key: TaskKey, authorization: Authorization): Promise<Credential> {
    const reference: unknown = (authorization as Authorization | null)?.reference;
    const parsed = AuthorizationReference.safeParse(reference);
    if (!parsed.success)
      throw new PlatformError(
        "INVALID_ARGUMENT",
        "step.credential: expected what ctx.waitForAuthorization has returned in this task",
      );
    const kept = await this.kept(key, parsed.data);
    const name = kept?.grant.name ?? String(authorization.name);
    if (kept === null || kept.grant.denied !== undefined || this.hasExpired(kept))
      throw new PlatformError(
        "PERMISSION_DENIED",
        `the access to ${name} that was granted has expired; ask again with ctx.waitForAuthorization`,
      );
    if (kept.credential === null)
      throw new PlatformError(
        "UNSUPPORTED_OPERATION",
        `access to ${name} was granted without a credential: it was given elsewhere, and there is none to read`,
      );
    return kept.credential;
  }

  /** Null when no token of the task was ever made. */
  async tokenSecret(key: TaskKey): Promise<string | null> {
    const entry = await this.keyValue.get(scopeOf(key), keyOf(key, TOKENS));
    return entry === null ? null : (entry.value as TokenSecret).secret;
  }

  /** The first to need one makes it, for all. */
  async makeTokenSecret(key: TaskKey): Promise<string> {
    const known = await this.tokenSecret(key);
    if (known !== null) return known;
    const made: TokenSecret = { secret: this.senses.ids.secret() };
    const isFirst = (await this.keyValue.put(scopeOf(key), keyOf(key, TOKENS), made, { expectedVersion: 0 })) !== null;
    const secret = isFirst ? made.secret : await this.tokenSecret(key);
    if (secret !== null) return secret;
    throw new PlatformError("CONFLICT", `task ${key.taskId} has just ended; look again`);
  }

  /** The task has ended: nothing of it stays. What fails here is found by the sweep, and by its expiry at the latest. */
  forget(key: TaskKey): void {
    const forgotten = this.remove(key)
      .catch((error: unknown) =>
        this.senses.logger.log("warn", `cannot remove credentials: ${PlatformError.from(error).message}`, {
          tenantId: key.tenantId,
          taskId: key.taskId,
        }),
      )
      .finally(() => this.forgetting.delete(forgotten));
    this.forgetting.add(forgotten);
  }

  async remove(key: TaskKey, reference = ""): Promise<void> {
    for (;;) {
      const entries = await this.keyValue.list(scopeOf(key), { prefix: keyOf(key, reference), limit: PAGE });
      for (const entry of entries) await this.keyValue.delete(scopeOf(key), entry.key);
      if (entries.length < PAGE) return;
    }
  }

  /** Resolves when what was to be forgotten is. */
  async idle(): Promise<void> {
    await Promise.all(this.forgetting);
  }

  /** What has expired, and what tasks of the tenant left behind whose process died when they ended. */
  async sweep(tasks: TaskStore, tenantId: string, signal?: AbortSignal): Promise<void> {
    const scope = { tenantId, namespace: NAMESPACE };
    for (let after: string | undefined; ; ) {
      const entries = await this.keyValue.list(scope, { limit: PAGE, ...(after === undefined ? {} : { after }) });
      for (const entry of entries)
        if (!entry.key.endsWith(`/${TOKENS}`) && this.isReadAsExpired(tenantId, entry))
          await this.keyValue.delete(scope, entry.key, { expectedVersion: entry.version });
      for (const taskId of new Set(entries.map((entry) => taskIdOf(entry.key)))) {
        if (signal?.aborted === true) return;
        const head = await tasks.head({ tenantId, taskId });
        if (head === null || isTerminal(head.state)) await this.remove({ tenantId, taskId });
      }
      after = entries.at(-1)?.key;
      if (entries.length < PAGE) return;
    }
  }

  private async kept(key: TaskKey, reference: string): Promise<Kept | null> {
    const entry = await this.keyValue.get(scopeOf(key), keyOf(key, reference));
    return entry === null ? null : (entry.value as Kept);
  }

  /** What cannot be read goes with its task, or by its expiry, and keeps the sweep from nothing else. */
  private isReadAsExpired(tenantId: string, entry: KeyValueEntry): boolean {
    try {
      return this.hasExpired(entry.value as Kept);
    } catch (thrown) {
      const { code, message } = PlatformError.from(thrown);
      this.senses.logger.log("warn", `cannot tell whether a credential has expired: ${message}`, { tenantId, code });
      return false;
    }
  }

  private hasExpired({ grant: { expiresAt } }: Kept): boolean {
    return expiresAt !== undefined && expiresAt <= this.senses.clock.now();
  }

  private same({ grant, credential }: Kept, by: string, denied: string | undefined, other: Credential | null): boolean {
    // Of digests, so that the time it takes says nothing about a secret.
    const print = (of: Credential | null): string => this.senses.digest.sha256(JSON.stringify(of));
    return grant.by === by && grant.denied === denied && print(credential) === print(other);
  }
}

const NAMESPACE = "credentials";
const scopeOf = ({ tenantId }: TaskKey): KeyValueScope => ({ tenantId, namespace: NAMESPACE });
const keyOf = ({ taskId }: TaskKey, reference: string): string => `${taskId}/${reference}`;
const taskIdOf = (key: string): string => key.slice(0, key.lastIndexOf("/"));
