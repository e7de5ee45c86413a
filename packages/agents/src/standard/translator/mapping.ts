/** Declared rules by which a value becomes another: which member goes where, as what. Pure. */

import type { FieldViolation } from "@agentcore/contract";
import { invalidArgument } from "@agentcore/contract";
import { z } from "zod";
import { cellText, isRecord } from "../response-formatter/cells.ts";

const Path = z
  .string()
  .min(1)
  .max(500)
  .regex(/^(?:\.|[^.]+(?:\.[^.]+)*)$/, { error: "expected a path, as order.customer.name, or . for all" });

const TYPES = ["text", "number", "integer", "boolean", "list"] as const;

export interface FieldRule {
  readonly from?: string | undefined;
  readonly value?: unknown;
  readonly as?: (typeof TYPES)[number] | undefined;
  readonly default?: unknown;
  readonly optional?: boolean | undefined;
  readonly values?: Readonly<Record<string, unknown>> | undefined;
  readonly each?: Readonly<Record<string, string | FieldRule>> | undefined;
}

const Rule: z.ZodType<string | FieldRule> = z.lazy(() =>
  z.union([
    Path,
    z
      .strictObject({
        /** Where it stands in the source. */
        from: Path.optional(),
        /** In place of `from`: always that. */
        value: z.unknown().optional(),
        as: z.enum(TYPES).optional(),
        /** Where there is nothing. @default an error */
        default: z.unknown().optional(),
        /** Where there is nothing there is nothing. @default false */
        optional: z.boolean().optional(),
        /** What each value becomes; others are refused. */
        values: z.record(z.string().max(500), z.unknown()).optional(),
        /** Of a list: what each item becomes, by paths within it. */
        each: z.record(Path, Rule).optional(),
      })
      .refine(({ from, value }) => (from === undefined) !== (value === undefined), {
        error: "expected either from or value",
      }),
  ]),
);

export const Fields = z
  .record(Path, Rule)
  .refine((fields) => Object.keys(fields).length > 0 && Object.keys(fields).length <= 500, {
    error: "expected 1 to 500 fields",
  });
export type Fields = z.output<typeof Fields>;

// As deep as rules go, with as many items: a list of lists of lists is none that somebody meant.
const MAX_ITEMS = 100_000;
// Who mends these sees the others.
const MAX_TOLD = 20;

/** Throws INVALID_ARGUMENT with the first 20 members that are not as the rules say, each behind `place`. */
export const mapValue = (source: unknown, fields: Fields, place = ""): unknown => {
  const wrong: FieldViolation[] = [];
  const refuse = (field: string, description: string): void => {
    wrong.push({ field, description });
    if (wrong.length === MAX_TOLD) throw invalidArgument("the value", wrong);
  };
  let items = 0;
  const mapped = (value: unknown, rules: Fields, place: string): unknown => {
    const made: Record<string, unknown> = {};
    for (const [target, rule] of Object.entries(rules)) {
      const spec: FieldRule = typeof rule === "string" ? { from: rule } : rule;
      const at = `${place}${spec.from ?? target}`;
      const result = fieldOf(value, spec, at);
      if (result !== undefined) write(made, target.split("."), result);
    }
    return made;
  };
  const fieldOf = (
    value: unknown,
    { from, value: fixed, as, default: fallback, optional, values, each }: FieldRule,
    at: string,
  ): unknown => {
    if (from === undefined) return fixed;
    const found = read(value, from);
    if (found === undefined || found === null || found === "") {
      if (fallback === undefined && optional !== true) refuse(at, "expected: it is not there");
      return fallback;
    }
    if (each !== undefined) {
      const list = Array.isArray(found) ? (found as readonly unknown[]) : [found];
      items += list.length;
      if (items > MAX_ITEMS)
        throw invalidArgument("the value", [{ field: at, description: `more than ${MAX_ITEMS} items` }]);
      return list.map((item, index) => mapped(item, each, `${at}[${index}].`));
    }
    if (values !== undefined) {
      const key = cellText(found);
      if (Object.hasOwn(values, key)) return values[key];
      refuse(at, `expected one of ${Object.keys(values).join(", ")}, got ${key.slice(0, 100)}`);
      return undefined;
    }
    const typed = as === undefined ? found : asType(found, as);
    if (typed === undefined) refuse(at, `expected a ${as}, got ${cellText(found).slice(0, 100)}`);
    return typed;
  };
  const result = mapped(source, fields, place);
  if (wrong.length > 0) throw invalidArgument("the value", wrong);
  return result;
};

const read = (value: unknown, path: string): unknown =>
  path === "."
    ? value
    : path.split(".").reduce<unknown>((at, name) => {
        if (Array.isArray(at)) return /^\d+$/.test(name) ? (at as readonly unknown[])[Number(name)] : undefined;
        return isRecord(at) && Object.hasOwn(at, name) ? at[name] : undefined;
      }, value);

const write = (into: Record<string, unknown>, [name = "", ...rest]: readonly string[], value: unknown): void => {
  const before = Object.hasOwn(into, name) ? into[name] : undefined;
  const next: unknown = rest.length === 0 ? value : isRecord(before) ? before : {};
  Object.defineProperty(into, name, { value: next, enumerable: true, configurable: true, writable: true });
  if (rest.length > 0) write(next as Record<string, unknown>, rest, value);
};

/** Undefined: it is none. */
const asType = (value: unknown, type: (typeof TYPES)[number]): unknown => {
  switch (type) {
    case "text":
      return cellText(value);
    case "list":
      return Array.isArray(value) ? value : [value];
    case "boolean": {
      const text = cellText(value).toLowerCase();
      return ["true", "1", "yes"].includes(text) ? true : ["false", "0", "no"].includes(text) ? false : undefined;
    }
    default: {
      const text = cellText(value).trim();
      const number = Number(text);
      return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) &&
        (type === "number" ? Number.isFinite(number) : Number.isSafeInteger(number))
        ? number
        : undefined;
    }
  }
};
