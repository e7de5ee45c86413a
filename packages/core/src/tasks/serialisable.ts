import { formatFieldPath, PlatformError } from "@agentcore/contract";

const MAX_DEPTH = 200;

/**
 * Checks that JSON keeps a value as it is, so that a replay returns what the first run returned. Throws
 * RESULT_NOT_SERIALISABLE naming the place. `undefined` members are fine: both sides read them as absent.
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
  const visit = (node: unknown, path: PropertyKey[]): void => {
    switch (typeof node) {
      case "string":
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
        visit((node as Record<string, unknown>)[key], path);
        path.pop();
      }
    }
    seen.pop();
  };
  visit(value, []);
};
