import { type ErrorCode, PlatformError } from "@agentcore/contract/errors";

// A server repeats in it what it was given, of whatever length.
const MAX_MESSAGE = 1_000;

/** What the server said, and nothing of where it is. `skipped` characters came before the query's own. */
export const failureOf = (error: unknown, skipped = 0): PlatformError => {
  if (PlatformError.is(error)) return error;
  const { code = "", position, severity, message } = fieldsOf(error);
  if (severity === undefined)
    return new PlatformError("UPSTREAM_FAILED", `the database cannot be reached (${code || "its connection ended"})`);
  const at = Number(position) - skipped;
  const place = at > 0 ? ` at character ${at}` : "";
  const said = message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message;
  const why = `${said}${place}${code === "42601" ? " (one statement is understood: SELECT, WITH, VALUES or TABLE)" : ""}`;
  return new PlatformError(codeOf(code), code === "57014" ? "the database ended the query: it took too long" : why);
};

const codeOf = (state: string): ErrorCode => {
  if (state === "57014") return "DEADLINE_EXCEEDED";
  if (state === "25006" || state === "42501") return "PERMISSION_DENIED";
  if (state.startsWith("28") || state === "3D000") return "CONFIG_INVALID";
  // Connections, resources, operators, the system, what was given up for others, locks.
  if (/^(?:08|40|53|57|58|XX|55P03)/.test(state)) return "UPSTREAM_FAILED";
  return "INVALID_ARGUMENT";
};

const fieldsOf = (error: unknown) => {
  const text = (name: string): string | undefined => {
    const value: unknown = typeof error === "object" && error !== null ? Reflect.get(error, name) : undefined;
    return typeof value === "string" ? value : undefined;
  };
  return { code: text("code"), position: text("position"), severity: text("severity"), message: text("message") ?? "" };
};
