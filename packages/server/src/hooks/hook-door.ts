/**
 * Deliveries of outside services to standard agents "webhook". In this order, so that nothing is done for who did not sign, and nothing is acknowledged before
 * it is durable (I5):
 *
 *   manifest --> body, bounded --> signature and time --> rate --> known id? --> task, under the id as its key --> id, for as long as it is remembered --> 200
 *
 * - H1 A delivery makes one task, whose log and event are one: the key that it is submitted under is unique in the store. The remembered id
 *   only outlives the task, which retention may remove. Whoever dies before the answer is asked again, and finds the task.
 * - H2 Who is refused is not told which part was wrong, nor whether there is such a hook.
 */
import type { Hook, HookDelivery } from "@agentcore/agents";
import { memberAt, PlatformError } from "@agentcore/contract";
import type { RateLimiter } from "@agentcore/core/governance";
import type { KeyValue, Senses } from "@agentcore/core/ports";
import type { TaskService } from "@agentcore/core/tasks";
import type { HookDoor, HookEntry } from "../gateway/deps/hook-door.ts";
import type { ManifestService } from "../gateway/deps/manifest-service.ts";
import type { Metrics } from "../metrics.ts";
import { hookSecrets } from "./hook-secrets.ts";
import { readDelivery } from "./read-delivery.ts";
import { isSigned } from "./verify-signature.ts";

export interface HookDoorOptions {
  readonly manifests: Pick<ManifestService, "get">;
  readonly tasks: Pick<TaskService, "submit">;
  readonly keyValue: KeyValue;
  readonly limiter: Pick<RateLimiter, "take">;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly senses: Pick<Senses, "clock" | "digest" | "logger">;
  readonly metrics: Pick<Metrics, "tenantCounter">;
}

type Outcome = "kept" | "repeated" | "refused" | "failed";

const MAX_ID = 256;
// Of one hook: anybody may ask for it.
const SAID_AGAIN_MS = 60_000;
const RETRY_MS = 60_000;
const CANNOT = "this delivery cannot be taken now";

export const createHookDoor = (options: HookDoorOptions): HookDoor => {
  const { manifests, tasks, keyValue, limiter, env, senses, metrics } = options;
  const { clock, digest, logger } = senses;
  /** By tenant; of hooks that there are. */
  const counts = new Map<string, Record<Outcome, number>>();
  const count = (tenantId: string, outcome: Outcome): void => {
    const known = counts.get(tenantId) ?? { kept: 0, repeated: 0, refused: 0, failed: 0 };
    counts.set(tenantId, known);
    known[outcome] += 1;
  };
  metrics.tenantCounter("agentcore_hook_deliveries", "Deliveries to webhooks, by what became of them.", (tenantId) =>
    Object.entries(counts.get(tenantId) ?? {}).map(([outcome, value]) => [`outcome="${outcome}"`, value] as const),
  );
  const said = new Map<string, number>();
  const complain = (tenantId: string, name: string, variables: readonly string[]): void => {
    const key = `${tenantId}/${name}`;
    if (clock.now() - (said.get(key) ?? Number.NEGATIVE_INFINITY) < SAID_AGAIN_MS) return;
    said.set(key, clock.now());
    const fields = { tenantId, agent: name };
    logger.log("error", `webhook ${name}: ${variables.join(", ")}: expected a secret of 16 bytes or more`, fields);
  };

  const declared = async (tenantId: string, name: string): Promise<Hook | null> => {
    const manifest = await manifests.get(tenantId, "Agent", name).catch((error: unknown) => {
      if (PlatformError.is(error) && error.code === "NOT_FOUND") return null;
      throw error;
    });
    const { standard } =
      (manifest as { spec?: { standard?: { name?: unknown; options?: unknown } } } | null)?.spec ?? {};
    if (standard?.name !== "webhook") return null;
    const { hookOf } = await import("@agentcore/agents");
    try {
      return hookOf(standard.options);
    } catch (cause) {
      // An earlier version took them. What is wrong with them is not for whoever asks.
      throw new PlatformError("UNAVAILABLE", CANNOT, { retryAfterMs: RETRY_MS, cause });
    }
  };

  const take = async (
    { tenantId, name, hook }: { readonly tenantId: string; readonly name: string; readonly hook: Hook },
    headers: Headers,
    body: Uint8Array,
  ): Promise<Outcome> => {
    const { keys, unusable } = hookSecrets(hook, env);
    if (unusable.length > 0) complain(tenantId, name, unusable);
    if (keys.length === 0) throw new PlatformError("UNAVAILABLE", CANNOT, { retryAfterMs: RETRY_MS });
    const { signature: form, toleranceMs, id } = hook;
    const idHeader = typeof id === "object" && "header" in id ? id.header : undefined;
    if (!isSigned({ headers, body, idHeader }, { form, keys, toleranceMs, now: clock.now() })) return "refused";
    await assertRate(tenantId, name, hook.requestsPerMinute);
    const value = readDelivery(headers, body, hook.contentTypes);
    const delivery = idHeader === undefined ? idIn(id, value, () => sumOf(body)) : (headers.get(idHeader) ?? "");
    if (delivery === "" || delivery.length > MAX_ID)
      throw new PlatformError(
        "INVALID_ARGUMENT",
        `expected an id of the delivery: 1 to ${MAX_ID} characters, or a number up to 2^53`,
      );
    const sum = digest.sha256(delivery);
    const scope = { tenantId, namespace: "hook-deliveries" };
    const key = `${name}/${sum}`;
    if ((await keyValue.get(scope, key)) !== null) return "repeated";
    const isNew = await submit(tenantId, name, sum, { delivery, headers: chosen(hook, headers), body: value });
    await keyValue.put(scope, key, true, { ttlMs: hook.rememberMs });
    return isNew ? "kept" : "repeated";
  };

  const assertRate = async (tenantId: string, name: string, requestsPerMinute: number): Promise<void> => {
    const scope = { tenantId, key: `hook/${name}` };
    const verdict = await limiter.take(scope, { requests: 1, tokens: 0 }, { requestsPerMinute });
    if (verdict.granted) return;
    throw new PlatformError("OVERLOADED", `${requestsPerMinute} deliveries a minute are taken`, {
      retryAfterMs: verdict.retryAfterMs ?? RETRY_MS,
    });
  };

  /** False when there was a task of it. */
  const submit = async (tenantId: string, name: string, sum: string, input: HookDelivery): Promise<boolean> => {
    const { callerOfHook } = await import("@agentcore/agents");
    try {
      const { existing } = await tasks.submit(
        { tenantId, caller: callerOfHook(name) },
        { target: { agent: name }, input, idempotencyKey: `delivery/${sum}` },
      );
      return !existing;
    } catch (error) {
      // The same delivery, tried again with another body: how often it was tried, for example.
      if (PlatformError.is(error) && error.code === "CONFLICT") return false;
      throw error;
    }
  };

  const sumOf = (body: Uint8Array): string => digest.sha256(Buffer.from(body).toString("base64"));

  return {
    async find(tenantId, name): Promise<HookEntry | null> {
      const hook = await declared(tenantId, name);
      if (hook === null) return null;
      return {
        maxBytes: hook.maxBytes,
        async deliver(headers, body) {
          let outcome: Outcome = "failed";
          try {
            outcome = await take({ tenantId, name, hook }, headers, body);
          } finally {
            count(tenantId, outcome);
          }
          return outcome === "refused" ? null : { repeated: outcome === "repeated" };
        },
      };
    },
  };
};

const chosen = ({ headers: names }: Hook, headers: Headers): Readonly<Record<string, string>> =>
  Object.fromEntries(
    names.flatMap((name): readonly (readonly [string, string])[] => {
      const value = headers.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );

const idIn = (id: Hook["id"], value: unknown, content: () => string): string => {
  if (typeof id === "string" || "header" in id) return content();
  const at = memberAt(value, id.payload);
  if (typeof at === "string") return at;
  // Beyond 2^53 several of JSON's numbers become one, and so would their deliveries.
  return typeof at === "number" && (!Number.isInteger(at) || Number.isSafeInteger(at)) ? String(at) : "";
};
