import { formatFieldPath, PlatformError } from "@agentcore/contract";

const MAX_DEPTH = 200;
/** Of a value that code hands to `ctx` or returns. What a row holds around it (MAX_PAYLOAD_BYTES) may be more. */
export const MAX_VALUE_BYTES = 16 * 1024 * 1024;
// A character takes at most six bytes of JSON ("\u0000"): below that share of the limit nothing needs to be measured.
const SURELY_SMALL = MAX_VALUE_BYTES / 6;

/**
 * Checks that JSON keeps a value as it is, so that a replay returns what the first run returned, and that a log can hold
 * it. Throws RESULT_NOT_SERIALISABLE naming the place, TOO_LARGE over 16 MiB. `undefined` members are fine: both sides
 * read them as absent.
 */
export const assertSerialisable = (value: unknown, what: string): void => {
  const refuse = (path: readonly PropertyKey[], found: string): never => {
    const place = path.length === 0 ? "it" : formatFieldPath(path);
    throw new PlatformError(
      "RESULT_NOT_SERIALISABLE",
      `${what}: ${place} is ${found}, which JSON does not keep; return plain objects, arrays, strings, finite numbers, booleans or null`,
    );
  };
  const seen: object[] = [];
  // About; never less than a sixth of what it takes.
  let size = 0;
  const visit = (node: unknown, path: PropertyKey[]): void => {
    size += 8;
    switch (typeof node) {
      case "string":
        size += node.length;
        return;
      case "boolean":
      case "undefined":
        return;
      case "number":
        if (!Number.isFinite(node)) refuse(path, String(node));
        return;
      case "bigint":
      case "symbol":
      case "function":
        refuse(path, `a ${typeof node}`);
        return;
      case "object":
        break;
    }
    if (node === null || typeof node !== "object") return;
    if (path.length > MAX_DEPTH) refuse(path.slice(0, 5), `nested deeper than ${MAX_DEPTH}`);
    if (seen.includes(node)) refuse(path, "a cycle");
    seen.push(node);
    if (Array.isArray(node)) {
      for (let index = 0; index < node.length; index++) {
        path.push(index);
        visit(node[index], path);
        path.pop();
      }
    } else {
      const prototype: unknown = Object.getPrototypeOf(node);
      if (prototype !== null && prototype !== Object.prototype && Object.getPrototypeOf(prototype) !== null) {
        refuse(path, `a ${node.constructor.name}`);
      }
      if (prototype !== null && typeof (node as { toJSON?: unknown }).toJSON === "function")
        refuse(path, "an object with toJSON");
      for (const key in node) {
        path.push(key);
        size += key.length;
        visit((node as Record<string, unknown>)[key], path);
        path.pop();
      }
    }
    seen.pop();
  };
  visit(value, []);
  if (size <= SURELY_SMALL) return;
  const bytes = new TextEncoder().encode(JSON.stringify(value)).byteLength;
  if (bytes > MAX_VALUE_BYTES)
    throw new PlatformError(
      "TOO_LARGE",
      `${what} has ${bytes} bytes, ${MAX_VALUE_BYTES} are allowed; keep it elsewhere, and return or pass a reference to it`,
    );
};
