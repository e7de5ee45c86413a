/** Paths of protocol 0.3's HTTP+JSON binding, relative to an agent's address, with their JSON-RPC methods. */
import type { LegacyMethod } from "@agentcore/a2a/legacy";

export const LEGACY_ROOT = "v1";

type ByMethod = Readonly<Record<string, LegacyMethod>>;

export type LegacyRestMatch =
  | {
      readonly outcome: "match";
      readonly method: LegacyMethod;
      readonly taskId?: string;
      readonly configId?: string;
    }
  | { readonly outcome: "wrongMethod"; readonly allowed: readonly string[] }
  | { readonly outcome: "notFound" };

const ROOTS: Readonly<Record<string, ByMethod>> = {
  "message:send": { POST: "message/send" },
  "message:stream": { POST: "message/stream" },
  card: { GET: "agent/getAuthenticatedExtendedCard" },
};
// 0.3's proto says GET, clients of it POST.
const VERBS: Readonly<Record<string, ByMethod>> = {
  cancel: { POST: "tasks/cancel" },
  subscribe: { GET: "tasks/resubscribe", POST: "tasks/resubscribe" },
};
const CONFIGS: ByMethod = { GET: "tasks/pushNotificationConfig/list", POST: "tasks/pushNotificationConfig/set" };
const CONFIG: ByMethod = { GET: "tasks/pushNotificationConfig/get", DELETE: "tasks/pushNotificationConfig/delete" };

export const matchLegacyRest = (httpMethod: string, segments: readonly string[]): LegacyRestMatch => {
  const found = segments[0] === LEGACY_ROOT ? find(segments.slice(1)) : null;
  if (found === null) return { outcome: "notFound" };
  const { methods, ...path } = found;
  const method = Object.hasOwn(methods, httpMethod) ? methods[httpMethod] : undefined;
  return method === undefined
    ? { outcome: "wrongMethod", allowed: Object.keys(methods) }
    : { outcome: "match", method, ...path };
};

interface Found {
  readonly methods: ByMethod;
  readonly taskId?: string;
  readonly configId?: string;
}

const find = ([root, task, configs, config, ...more]: readonly string[]): Found | null => {
  if (root === undefined || more.length > 0) return null;
  if (task === undefined) return lookup(ROOTS, root, {});
  if (root !== "tasks" || task === "") return null;
  if (configs === undefined) {
    const colon = task.lastIndexOf(":");
    if (colon === -1) return { methods: { GET: "tasks/get" }, taskId: task };
    return lookup(VERBS, task.slice(colon + 1), { taskId: task.slice(0, colon) });
  }
  if (configs !== "pushNotificationConfigs") return null;
  if (config === undefined) return { methods: CONFIGS, taskId: task };
  return config === "" ? null : { methods: CONFIG, taskId: task, configId: config };
};

const lookup = (
  table: Readonly<Record<string, ByMethod>>,
  name: string,
  path: { readonly taskId?: string },
): Found | null => {
  const methods = Object.hasOwn(table, name) ? table[name] : undefined;
  return methods === undefined ? null : { methods, ...path };
};
