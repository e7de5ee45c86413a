/**
 * Which hosts of local models answer, which models each has, and which of those lie in its memory. A host is asked when somebody wants to use it and what is known
 * is old; nothing runs when nobody does.
 *
 *   unknown --look--> asked --answer--> up --older than 10 s, look--> asked meanwhile
 *                        '----none----> down --older than 5 s, look--> asked meanwhile; waited for when no other is up
 */
import { PlatformError } from "@agentcore/contract/errors";
import type { Clock } from "@agentcore/core/ports";
import { createGuardedFetch, type Lookup, type OutboundPolicy } from "@agentcore/outbound";
import { formatSeconds } from "../format-seconds.ts";
import type { ModelTarget } from "../model-target.ts";
import { askHost, type HostModels, hasModel } from "./ask-host.ts";

/** How a host is reached. */
export interface HostAccess {
  /** As models are called there. */
  readonly baseUrl: string;
  /** With the key, if there is one. */
  readonly headers: Readonly<Record<string, string>>;
  readonly policy: OutboundPolicy;
}

export interface LocalHostsOptions {
  readonly clock: Pick<Clock, "monotonic" | "after">;
  /** Throws a PlatformError for a target that cannot be called: then nothing is asked, and the call says it. */
  readonly accessOf: (target: ModelTarget) => HostAccess;
  readonly lookup?: Lookup | undefined;
  /** Hosts that something is remembered of, all tenants together. @default 1000 */
  readonly maxHosts?: number | undefined;
  /** Hosts that are asked at once. @default 8 */
  readonly maxAsked?: number | undefined;
}

export interface HostView {
  /** Why it is not to be called now. */
  readonly problem?: string | undefined;
  /** Milliseconds until it is asked again. */
  readonly retryAfterMs?: number | undefined;
  /** Undefined where the host does not say. */
  readonly isLoaded?: boolean | undefined;
}

/** Source: "Local model hosts" of the platform's defaults. */
const ANSWER_TIMEOUT_MS = 5_000;
const UP_FOR_MS = 10_000;
const DOWN_FOR_MS = 5_000;
const MAX_ANSWER_BYTES = 1024 * 1024;

const NOTHING: HostView = {};

interface Host {
  known: (HostModels | { readonly why: string }) | null;
  /** Monotonic milliseconds. */
  checkedAt: number;
  asking: Promise<void> | null;
}

export class LocalHosts {
  readonly #options: LocalHostsOptions;
  readonly #maxHosts: number;
  readonly #maxAsked: number;
  /** In the order of their last use. */
  readonly #hosts = new Map<string, Host>();
  readonly #closing = new AbortController();
  readonly #waiting: (() => void)[] = [];
  #asked = 0;

  constructor(options: LocalHostsOptions) {
    this.#options = options;
    this.#maxHosts = options.maxHosts ?? 1_000;
    this.#maxAsked = options.maxAsked ?? 8;
  }

  /**
   * Asks those of a name's targets that are local hosts, where what is known is old: hosts of Ollama, and each of several of an OpenAI-compatible endpoint.
   * `waits`: for those that nothing is known of, or that and, while none is up, for all, at most 5 s. Rejects with the signal's reason.
   */
  async look(
    tenantId: string,
    targets: readonly ModelTarget[],
    { waits, signal }: { readonly waits: "never" | "for unknown" | "for any"; readonly signal: AbortSignal },
  ): Promise<void> {
    const local = targets.filter((target) => isLocal(target, targets));
    if (local.length === 0) return;
    const hosts = local.map((target) => ({ target, host: this.#hostOf(tenantId, target) }));
    for (const { target, host } of hosts) if (this.#isOld(host)) this.#ask(target, host);
    if (waits === "never") return;
    await this.#wait(
      hosts.flatMap(({ host }) => (host.known === null ? (host.asking ?? []) : [])),
      signal,
    );
    if (waits === "for unknown") return;
    if (hosts.every(({ target, host }) => this.#view(target, host).problem !== undefined))
      await this.#wait(
        hosts.flatMap(({ host }) => host.asking ?? []),
        signal,
      );
  }

  /**
   * What is known now; nothing of what is no local host. What is old while nobody asks says nothing: a host that is no longer one of several, or that
   * another manifest names alone, would be down for ever.
   */
  viewOf(tenantId: string, target: ModelTarget): HostView {
    if (this.#hosts.size === 0) return NOTHING;
    const host = this.#hosts.get(keyOf(tenantId, target));
    return host === undefined || (host.asking === null && this.#isOld(host)) ? NOTHING : this.#view(target, host);
  }

  /** A call of it failed: what is known of it is old. */
  doubt(tenantId: string, target: ModelTarget): void {
    const host = this.#hosts.get(keyOf(tenantId, target));
    if (host !== undefined) host.checkedAt = Number.NEGATIVE_INFINITY;
  }

  /** Ends what is under way. */
  close(): void {
    this.#closing.abort(new PlatformError("UNAVAILABLE", "the node shuts down"));
    for (const go of this.#waiting.splice(0)) go();
  }

  #isOld({ known, checkedAt }: Host): boolean {
    const forMs = known !== null && "why" in known ? DOWN_FOR_MS : UP_FOR_MS;
    return known === null || this.#options.clock.monotonic() - checkedAt >= forMs;
  }

  #view({ model }: ModelTarget, { known, checkedAt }: Host): HostView {
    if (known === null) return NOTHING;
    const passedMs = this.#options.clock.monotonic() - checkedAt;
    const rest = (forMs: number): number => Math.max(0, Math.ceil(forMs - passedMs));
    if ("why" in known) return { problem: known.why, retryAfterMs: rest(DOWN_FOR_MS) };
    if (!hasModel(known, model)) return { problem: whichAreThere(model, known), retryAfterMs: rest(UP_FOR_MS) };
    return { isLoaded: known.loaded === undefined ? undefined : known.loaded.has(known.nameOf(model)) };
  }

  #hostOf(tenantId: string, target: ModelTarget): Host {
    const key = keyOf(tenantId, target);
    const known = this.#hosts.get(key);
    this.#hosts.delete(key);
    const [oldest] = this.#hosts.keys();
    if (this.#hosts.size >= this.#maxHosts && oldest !== undefined) this.#hosts.delete(oldest);
    const host = known ?? { known: null, checkedAt: Number.NEGATIVE_INFINITY, asking: null };
    this.#hosts.set(key, host);
    return host;
  }

  #ask(target: ModelTarget, host: Host): void {
    if (host.asking !== null || this.#closing.signal.aborted) return;
    let access: HostAccess;
    try {
      access = this.#options.accessOf(target);
    } catch {
      return;
    }
    host.asking = this.#askInTurn(target, access).then((known) => {
      host.asking = null;
      if (known === null) return;
      host.known = known;
      host.checkedAt = this.#options.clock.monotonic();
    });
  }

  /** Null: it was not asked to the end, as this closes. */
  async #askInTurn(target: ModelTarget, { baseUrl, headers, policy }: HostAccess): Promise<Host["known"]> {
    if (this.#asked >= this.#maxAsked) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#asked += 1;
    const closing = this.#closing.signal;
    const timeout = new AbortController();
    const timer = this.#options.clock.after(ANSWER_TIMEOUT_MS, () => timeout.abort());
    try {
      if (closing.aborted) return null;
      return await askHost({
        ...{ baseUrl, headers, provider: target.provider },
        fetch: createGuardedFetch({ ...policy, lookup: this.#options.lookup, maxAnswerBytes: MAX_ANSWER_BYTES }),
        signal: AbortSignal.any([closing, timeout.signal]),
      });
    } catch (error) {
      if (closing.aborted) return null;
      const why = timeout.signal.aborted ? `no answer within ${formatSeconds(ANSWER_TIMEOUT_MS)}` : reasonOf(error);
      return { why: `host ${hostIn(baseUrl)} does not answer: ${why}` };
    } finally {
      timer.cancel();
      // Of two questions the other may still be under way.
      timeout.abort();
      // The place goes to whoever waited longest.
      const next = this.#waiting.shift();
      if (next === undefined) this.#asked -= 1;
      else next();
    }
  }

  async #wait(asking: readonly Promise<void>[], signal: AbortSignal): Promise<void> {
    if (asking.length === 0) return;
    signal.throwIfAborted();
    let onAbort = (): void => undefined;
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason as Error);
      signal.addEventListener("abort", onAbort, { once: true });
    });
    try {
      await Promise.race([Promise.all(asking), aborted]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }
}

const keyOf = (tenantId: string, { provider, baseUrl }: ModelTarget): string =>
  JSON.stringify([tenantId, provider, baseUrl ?? ""]);

/** A single endpoint that speaks OpenAI's dialect may be anything, also what lists no models. */
const isLocal = ({ provider }: ModelTarget, targets: readonly ModelTarget[]): boolean =>
  provider === "ollama" ||
  (provider === "openai-compatible" && targets.some(({ baseUrl }) => baseUrl !== targets[0]?.baseUrl));

const MAX_SHOWN = 5;

const whichAreThere = (model: string, { host, models }: HostModels): string => {
  const there = [...(models ?? [])];
  const shown = there.slice(0, MAX_SHOWN).join(", ") || "none";
  const more = there.length > MAX_SHOWN ? ` and ${there.length - MAX_SHOWN} more` : "";
  return `host ${host} has no model ${model}; it has ${shown}${more}`;
};

const hostIn = (baseUrl: string): string => (URL.canParse(baseUrl) ? new URL(baseUrl).host : "(of no address)");

/** How `fetch` failed: its own words say no more than that it did. */
const reasonOf = (error: unknown): string => {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return (inner instanceof Error ? inner.message : String(inner)).slice(0, 200);
};
