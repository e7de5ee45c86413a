/** Of a result: characters of text, with eight for each value. */
export const MAX_RESULT_SIZE = 16 * 1024 * 1024;
const MAX_DEPTH = 200;

/** A result that JSON has no words for. */
export class NoJson extends Error {}

/**
 * What CEL gave as JSON: ints as numbers, timestamps as RFC 3339 text. What is JSON already is returned as it is, not copied, so a part
 * of the scope costs its walk alone. Throws NoJson.
 */
export const toJsonResult = (value: unknown): unknown => {
  let size = 0;
  const convert = (node: unknown, depth: number): unknown => {
    size += typeof node === "string" ? node.length + 8 : 8;
    if (size > MAX_RESULT_SIZE) throw new NoJson(`it is over ${MAX_RESULT_SIZE} characters`);
    switch (typeof node) {
      case "string":
      case "boolean":
        return node;
      case "number":
        if (!Number.isFinite(node)) throw new NoJson(`it is ${node}, which is no number of JSON`);
        return node;
      case "bigint":
        return toNumber(node);
      case "object":
        break;
      default:
        throw new NoJson(`it is ${typeof node}`);
    }
    if (node === null) return null;
    if (depth > MAX_DEPTH) throw new NoJson(`it is nested deeper than ${MAX_DEPTH}`);
    if (Array.isArray(node)) {
      let made: unknown[] | undefined;
      for (let index = 0; index < node.length; index++) {
        const member = convert(node[index], depth + 1);
        if (member !== node[index]) (made ??= [...node])[index] = member;
      }
      return made ?? node;
    }
    const prototype: unknown = Object.getPrototypeOf(node);
    if (node instanceof Map) return convert(Object.fromEntries(node), depth);
    if (prototype !== null && prototype !== Object.prototype) return convertForeign(node);
    let changed: Map<string, unknown> | undefined;
    for (const [key, member] of Object.entries(node)) {
      size += key.length;
      if (member === undefined) continue;
      const converted = convert(member, depth + 1);
      if (converted !== member) (changed ??= new Map()).set(key, converted);
    }
    if (changed === undefined) return node;
    return Object.fromEntries(Object.entries(node).map(([key, member]) => [key, changed.get(key) ?? member]));
  };
  return convert(value, 0);
};

const toNumber = (value: bigint): number => {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new NoJson(`it is ${value}, more than a number of JSON holds exactly`);
  return number;
};

/** CEL's own values, by the tags that its library gives them: it exports their classes for no import that has types. */
const convertForeign = (value: object): unknown => {
  const tag = Object.prototype.toString.call(value).slice("[object ".length, -1);
  if (tag === "Date") return (value as { toISOString(): string }).toISOString();
  const primitive: unknown = value.valueOf();
  if (typeof primitive === "bigint") return toNumber(primitive);
  throw new NoJson(whyNoJson(tag) ?? "it is a type or a namespace of CEL, no value");
};

/** Why what is of a type of CEL, or has the tag of one, is no JSON whatever the data; undefined when it is, or may be. */
export const whyNoJson = (tag: string): string | undefined => {
  if (tag.startsWith("optional"))
    return "it is optional; end with .orValue(…), which says what is when nothing is there";
  switch (tag) {
    case "google.protobuf.Duration":
      return "it is a duration; getSeconds() or getMilliseconds() make a number of it";
    case "bytes":
    case "Uint8Array":
      return "it is bytes; base64() or string() make a text of it";
    case "type":
    case "CelNamespace":
    case "OptionalNamespace":
      return "it is a type or a namespace of CEL, no value";
    default:
      return undefined;
  }
};
