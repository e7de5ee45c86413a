/** Paths of the HTTP+JSON binding, relative to an agent's address. Each may be preceded by a tenant. */
import type { A2AMethodName } from "./methods.ts";

export type RestMatch =
  | {
      readonly outcome: "match";
      readonly operation: A2AMethodName;
      readonly path: { readonly id?: string; readonly taskId?: string; readonly tenant?: string };
    }
  | { readonly outcome: "wrongMethod"; readonly allowed: readonly string[] }
  | { readonly outcome: "notFound" };

type ByMethod = Readonly<Record<string, A2AMethodName>>;

const ROOTS = new Set(["message:send", "message:stream", "tasks", "extendedAgentCard"]);
// The proto says GET, the prose says POST: both are taken (A2A#1574).
const TASK_VERBS: Readonly<Record<string, ByMethod>> = {
  cancel: { POST: "CancelTask" },
  subscribe: { GET: "SubscribeToTask", POST: "SubscribeToTask" },
};
const CONFIGS: ByMethod = { GET: "ListTaskPushNotificationConfigs", POST: "CreateTaskPushNotificationConfig" };
const CONFIG: ByMethod = { GET: "GetTaskPushNotificationConfig", DELETE: "DeleteTaskPushNotificationConfig" };

export const matchRest = (method: string, segments: readonly string[]): RestMatch => {
  const [first] = segments;
  const hasTenant = first !== undefined && !ROOTS.has(first);
  const found = find(hasTenant ? segments.slice(1) : segments);
  if (found === null) return { outcome: "notFound" };
  const operation = Object.hasOwn(found.methods, method) ? found.methods[method] : undefined;
  if (operation === undefined) return { outcome: "wrongMethod", allowed: Object.keys(found.methods) };
  return { outcome: "match", operation, path: { ...found.ids, ...(hasTenant ? { tenant: first } : {}) } };
};

interface Found {
  readonly methods: ByMethod;
  readonly ids?: { readonly id?: string; readonly taskId?: string };
}

const find = (segments: readonly string[]): Found | null => {
  const [root, task, configs, config] = segments;
  if (segments.length === 1) {
    if (root === "message:send") return { methods: { POST: "SendMessage" } };
    if (root === "message:stream") return { methods: { POST: "SendStreamingMessage" } };
    if (root === "extendedAgentCard") return { methods: { GET: "GetExtendedAgentCard" } };
    if (root === "tasks") return { methods: { GET: "ListTasks" } };
    return null;
  }
  if (root !== "tasks" || task === undefined || task === "") return null;
  if (segments.length === 2) {
    const colon = task.lastIndexOf(":");
    if (colon === -1) return { methods: { GET: "GetTask" }, ids: { id: task } };
    const verb = task.slice(colon + 1);
    return Object.hasOwn(TASK_VERBS, verb)
      ? { methods: TASK_VERBS[verb] ?? {}, ids: { id: task.slice(0, colon) } }
      : null;
  }
  if (configs !== "pushNotificationConfigs") return null;
  if (segments.length === 3) return { methods: CONFIGS, ids: { taskId: task } };
  if (segments.length !== 4 || config === undefined || config === "") return null;
  return { methods: CONFIG, ids: { taskId: task, id: config } };
};
