/**
 * Values on their way between the node and code that runs apart, as JSON. What JSON would change or drop arrives as what it was, so that
 * `ctx` judges it as it judges what code in this process hands it; functions, schemas and signals arrive as ones that lead back.
 */
import { PlatformError, RejectedError, RetryableError, type SerializedError } from "@agentcore/contract";
import { deriveJsonSchema } from "@agentcore/sdk/json-schema";

/** What of a value lives on the side that it came from. */
export interface References {
  /** Ours, as a number that the other side calls it by. */
  functionId(run: (...values: never[]) => unknown): number;
  /** Of one of theirs that goes back to them; undefined for any other. */
  theirId(run: (...values: never[]) => unknown): number | undefined;
  signalId(signal: AbortSignal): number;
  /** One of ours that has come back. */
  ownFunction(id: number): (...values: unknown[]) => unknown;
  /** Theirs. `isAwaited`: what the code is doing goes on when it has answered. */
  functionOf(id: number, isAwaited: boolean): (...values: unknown[]) => Promise<unknown>;
  signalOf(id: number, aborted: { readonly reason: unknown } | null): AbortSignal;
}

// A member that no plain value has: objects that do have it are wrapped.
const TAG = "$apart";
// Deeper than what `ctx` takes, so that it is the one to refuse.
const MAX_DEPTH = 250;

export const encode = (value: unknown, references: References): unknown => {
  const above: object[] = [];
  const visit = (node: unknown, name?: string): unknown => {
    switch (typeof node) {
      case "undefined":
        return { [TAG]: "undefined" };
      case "bigint":
        return { [TAG]: "bigint", text: String(node) };
      case "symbol":
        return { [TAG]: "symbol" };
      case "number":
        return Number.isFinite(node) ? node : { [TAG]: "number", text: String(node) };
      case "function":
        // The rule of a tool, which is asked before the call is made.
        return { [TAG]: "function", ...idOf(node as () => unknown, references), isAwaited: name === "approval" };
      case "object":
        return node === null ? null : visitObject(node);
      default:
        return node;
    }
  };
  const visitObject = (node: object): unknown => {
    if (above.includes(node)) return { [TAG]: "cycle" };
    if (above.length > MAX_DEPTH) return { [TAG]: "symbol" };
    above.push(node);
    try {
      if (Array.isArray(node)) return Array.from(node, (each) => visit(each));
      if (node instanceof Error) return encodeError(node, visit);
      if (isSignal(node))
        return {
          [TAG]: "signal",
          id: references.signalId(node),
          ...(node.aborted ? { reason: visit(node.reason) } : {}),
        };
      if ("~standard" in node) return encodeSchema(node as never, references);
      const members = Object.entries(node).filter(([, member]) => member !== undefined);
      const plain = Object.fromEntries(members.map(([name, member]) => [name, visit(member, name)]));
      const prototype: unknown = Object.getPrototypeOf(node);
      if (prototype !== null && prototype !== Object.prototype)
        return { [TAG]: "instance", of: node.constructor.name, members: plain };
      return TAG in node ? { [TAG]: "object", members: Object.entries(plain) } : plain;
    } finally {
      above.pop();
    }
  };
  return visit(value);
};

export const decode = (json: unknown, references: References): unknown => {
  if (Array.isArray(json)) return json.map((each) => decode(each, references));
  if (typeof json !== "object" || json === null) return json;
  const tagged = json as Record<string, unknown>;
  const members = (of: unknown): Record<string, unknown> =>
    Object.fromEntries(Object.entries(of as object).map(([name, each]) => [name, decode(each, references)]));
  switch (tagged[TAG]) {
    case undefined:
      return members(tagged);
    case "bigint":
      return BigInt(tagged["text"] as string);
    case "number":
      return Number(tagged["text"]);
    case "symbol":
      return Symbol("of code that runs apart");
    case "cycle":
      return cycle();
    case "function":
      return functionOf(tagged, references, tagged["isAwaited"] === true);
    case "signal": {
      const aborted = "reason" in tagged ? { reason: decode(tagged["reason"], references) } : null;
      return references.signalOf(tagged["id"] as number, aborted);
    }
    case "schema":
      return decodeSchema(tagged, references);
    case "error":
      return decodeError(tagged, references);
    case "instance": {
      // A class of that name, so that whoever refuses it can say what it was.
      const name = String(tagged["of"]);
      return Object.assign(new { [name]: class {} }[name]!(), members(tagged["members"]));
    }
    case "object":
      return members(Object.fromEntries(tagged["members"] as [string, unknown][]));
    default:
      return undefined;
  }
};

const idOf = (run: (...values: never[]) => unknown, references: References) => {
  const id = references.theirId(run);
  return id === undefined ? { id: references.functionId(run) } : { id, isTheirs: true };
};

const functionOf = (tagged: Record<string, unknown>, references: References, isAwaited: boolean) => {
  const id = tagged["id"] as number;
  return tagged["isTheirs"] === true ? references.ownFunction(id) : references.functionOf(id, isAwaited);
};

const cycle = (): object => {
  const self: { self?: object } = {};
  self.self = self;
  return self;
};

const isSignal = (node: object): node is AbortSignal => node instanceof AbortSignal;

interface Validator {
  readonly "~standard": { readonly validate: (value: unknown) => unknown };
}

const encodeSchema = (schema: Validator, references: References): unknown => {
  const id = references.theirId(schema["~standard"].validate as (value: never) => unknown);
  if (id !== undefined) return { [TAG]: "schema", id, isTheirs: true };
  const validate = async (value: unknown): Promise<unknown> => {
    const result = (await schema["~standard"].validate(value)) as {
      readonly value?: unknown;
      readonly issues?: readonly { readonly message: string; readonly path?: readonly unknown[] }[];
    };
    if (result.issues === undefined) return { value: result.value };
    const keyOf = (part: unknown): unknown =>
      typeof part === "object" && part !== null && "key" in part ? part.key : part;
    return { issues: result.issues.map(({ message, path }) => ({ message, path: path?.map(keyOf) ?? [] })) };
  };
  return { [TAG]: "schema", id: references.functionId(validate), described: describe(schema as never) };
};

/** What its library can tell of it; for cards and checks of who may hand what to whom. */
const describe = (schema: Parameters<typeof deriveJsonSchema>[0]): unknown => {
  const of = (side: "input" | "output"): unknown => {
    try {
      return deriveJsonSchema(schema, side);
    } catch {
      return undefined;
    }
  };
  return { input: of("input"), output: of("output") };
};

const decodeSchema = (tagged: Record<string, unknown>, references: References): unknown => {
  const validate = functionOf(tagged, references, true);
  const described = (tagged["described"] ?? {}) as { readonly input?: unknown; readonly output?: unknown };
  const jsonSchema = { input: () => described.input, output: () => described.output };
  return { "~standard": { version: 1, vendor: "agentcore-apart", validate, jsonSchema } };
};

const encodeError = (error: Error, visit: (value: unknown) => unknown): unknown => ({
  [TAG]: "error",
  name: error.name,
  message: error.message,
  ...(PlatformError.is(error)
    ? {
        json: visit(error.toJSON()),
        isRejection: RejectedError.is(error),
        asksRetry: RetryableError.is(error),
      }
    : {}),
});

const decodeError = (tagged: Record<string, unknown>, references: References): Error => {
  const { json, isRejection, asksRetry, name, message } = tagged;
  if (json === undefined) return Object.assign(new Error(String(message)), { name: String(name) });
  const said = decode(json, references) as SerializedError;
  if (asksRetry === true) return new RetryableError(said.message, said);
  return isRejection === true ? new RejectedError(said.message, said) : PlatformError.fromJSON(said);
};
