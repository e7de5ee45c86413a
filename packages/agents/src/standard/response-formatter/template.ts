/**
 * Templates for people: `Dear {{customer.name}}, {{#each items}}{{name}}: {{price | number:2}}{{/each}}`. Read once, when the agent is made, so that a mistake
 * is told then. They can show what is there and nothing else: no code, no loops but over lists of the value.
 */
import { invalidArgument, PlatformError } from "@agentcore/contract";
import { cellText, isRecord } from "./cells.ts";

type Node =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "value";
      readonly path: readonly string[];
      readonly isOptional: boolean;
      readonly filters: readonly Filter[];
    }
  | {
      readonly kind: "each";
      readonly path: readonly string[];
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | {
      readonly kind: "if";
      readonly path: readonly string[];
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    };

type Filter = (value: unknown) => unknown;

export interface Template {
  /** Throws INVALID_ARGUMENT for a value that is not there, TOO_LARGE for more than `maxCharacters`. */
  render(value: unknown, maxCharacters: number): string;
}

const MAX_DEPTH = 10;
const TAG = /\{\{([^{}]*)\}\}/g;
// Of texts, values and turns of lists: lists within lists could go on for ever and show nothing.
const MAX_PARTS = 1_000_000;
const PATH = /^(?:\.|@index|[\p{L}_][\p{L}\p{N}_-]*(?:\.[\p{L}\p{N}_-]+)*)$/u;

/** Throws INVALID_ARGUMENT with the place in the text. */
export const readTemplate = (text: string, field = "template"): Template => {
  const refuse = (description: string, at: number) => {
    const line = text.slice(0, at).split("\n").length;
    return invalidArgument("the template", [{ field, description: `line ${line}: ${description}` }]);
  };
  const root: Node[] = [];
  const open: { readonly kind: "each" | "if"; into: Node[]; readonly otherwise: Node[]; readonly at: number }[] = [];
  const into = (): Node[] => open.at(-1)?.into ?? root;
  let end = 0;
  for (const match of text.matchAll(TAG)) {
    const at = match.index;
    if (at > end) into().push({ kind: "text", text: text.slice(end, at) });
    end = at + match[0].length;
    const inner = (match[1] ?? "").trim();
    const [, block, path = ""] = /^#(each|if)\s+(\S+)$/.exec(inner) ?? [];
    if (block === "each" || block === "if") {
      if (!PATH.test(path)) throw refuse(`"${path}" is no path such as customer.name`, at);
      if (open.length >= MAX_DEPTH) throw refuse(`nested deeper than ${MAX_DEPTH}`, at);
      const body: Node[] = [];
      const otherwise: Node[] = [];
      into().push({ kind: block, path: pathOf(path), body, otherwise });
      open.push({ kind: block, into: body, otherwise, at });
    } else if (inner === "else") {
      const last = open.at(-1);
      if (last === undefined) throw refuse("{{else}} stands in no {{#if}} or {{#each}}", at);
      last.into = last.otherwise;
    } else if (/^\/(each|if)$/.test(inner)) {
      const last = open.pop();
      if (last === undefined || inner !== `/${last.kind}`) throw refuse(`{{${inner}}} closes nothing that is open`, at);
    } else into().push(readValue(inner, (description) => refuse(description, at)));
  }
  const left = open.at(-1);
  if (left !== undefined) throw refuse(`{{#${left.kind}}} is not closed`, left.at);
  if (end < text.length) root.push({ kind: "text", text: text.slice(end) });
  return {
    render(value, maxCharacters) {
      const pieces: string[] = [];
      let size = 0;
      let parts = 0;
      const write = (piece: string): void => {
        size += piece.length;
        if (size > maxCharacters)
          throw new PlatformError(
            "TOO_LARGE",
            `what the template makes has more than ${maxCharacters} characters; show less, or raise maxCharacters`,
          );
        if (piece !== "") pieces.push(piece);
      };
      const turn = (): void => {
        parts += 1;
        if (parts > MAX_PARTS)
          throw new PlatformError(
            "TOO_LARGE",
            `the template takes more than ${MAX_PARTS} parts of the value; show less`,
          );
      };
      renderNodes(root, [{ value, index: 0 }], write, turn);
      return pieces.join("");
    },
  };
};

const readValue = (inner: string, refuse: (description: string) => PlatformError): Node => {
  const [head = "", ...filters] = inner.split("|").map((part) => part.trim());
  const path = head.endsWith("?") ? head.slice(0, -1) : head;
  const isOptional = path !== head || filters.some((filter) => filter.startsWith("default"));
  if (!PATH.test(path)) throw refuse(`{{${inner}}} is no path such as {{customer.name}}`);
  return {
    kind: "value",
    path: pathOf(path),
    isOptional,
    filters: filters.map((filter) => readFilter(filter, refuse)),
  };
};

const pathOf = (path: string): readonly string[] => (path === "." ? [] : path.split("."));

const FILTERS: Readonly<Record<string, (argument: string | undefined) => Filter>> = {
  upper: () => (value) => cellText(value).toUpperCase(),
  lower: () => (value) => cellText(value).toLowerCase(),
  trim: () => (value) => cellText(value).trim(),
  json: () => (value) => JSON.stringify(value ?? null),
  count: () => (value) =>
    Array.isArray(value) ? value.length : isRecord(value) ? Object.keys(value).length : cellText(value).length,
  /** Digits behind the point; thousands apart by a comma. */
  number: (digits) => (value) => (typeof value === "number" ? grouped(value, digits) : value),
  percent: (digits) => (value) => (typeof value === "number" ? `${grouped(value * 100, digits ?? "0")}%` : value),
  /** Of milliseconds since 1970, or a time as ISO writes it: the day, in UTC. */
  date: () => (value) => dayOf(value) ?? value,
  join:
    (by = ", ") =>
    (value) =>
      Array.isArray(value) ? value.map(cellText).join(by) : value,
  default:
    (text = "") =>
    (value) =>
      value === null || value === undefined || value === "" ? text : value,
};

const readFilter = (text: string, refuse: (description: string) => PlatformError): Filter => {
  const [, name = "", behind] = /^(\w+)(?::(.*))?$/s.exec(text) ?? [];
  const argument = behind?.trimStart().replace(/^"/, "").replace(/"$/, "");
  if (argument?.includes('"') === true) throw refuse(`"${text}": expected one text in quotes`);
  const filter = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
  if (filter === undefined) throw refuse(`"${text}" is no filter; expected one of ${Object.keys(FILTERS).join(", ")}`);
  if ((name === "number" || name === "percent") && argument !== undefined && !/^\d$/.test(argument))
    throw refuse(`${name}:${argument}: expected a digit, how many stand behind the point`);
  return filter(argument);
};

const grouped = (value: number, digits: string | undefined): string => {
  const [whole = "", part] = (digits === undefined ? String(value) : value.toFixed(Number(digits))).split(".");
  if (/e/.test(whole)) return String(value);
  return whole.replace(/\B(?=(\d{3})+$)/g, ",") + (part === undefined ? "" : `.${part}`);
};

const DAY_MS = 86_400_000;
/** By the calendar, without a clock (Howard Hinnant, "chrono-compatible low-level date algorithms"). */
const dayOf = (value: unknown): string | null => {
  if (typeof value === "string") return /^\d{4}-\d{2}-\d{2}/.exec(value)?.[0] ?? null;
  if (typeof value !== "number" || !Number.isFinite(value)) return null;
  const days = Math.floor(value / DAY_MS) + 719_468;
  const era = Math.floor(days / 146_097);
  const dayOfEra = days - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
};

/** The innermost last. */
type Scopes = readonly { readonly value: unknown; readonly index: number }[];

const MISSING = Symbol("not there");

const lookUp = (path: readonly string[], scopes: Scopes): unknown => {
  const inner = scopes.at(-1);
  if (path[0] === "@index") return (inner?.index ?? 0) + 1;
  if (path.length === 0) return inner?.value;
  // What an item does not have may stand around it.
  for (const { value } of scopes.toReversed()) {
    const found = path.reduce<unknown>(
      (at, name) =>
        (isRecord(at) && Object.hasOwn(at, name)) ||
        (Array.isArray(at) && /^\d+$/.test(name) && Number(name) < at.length)
          ? (at as Record<string, unknown>)[name]
          : MISSING,
      value,
    );
    if (found !== MISSING) return found;
  }
  return MISSING;
};

const renderNodes = (
  nodes: readonly Node[],
  scopes: Scopes,
  write: (piece: string) => void,
  turn: () => void,
): void => {
  for (const node of nodes) {
    turn();
    if (node.kind === "text") {
      write(node.text);
      continue;
    }
    const found = lookUp(node.path, scopes);
    if (node.kind === "value") {
      if (found === MISSING && !node.isOptional) throw notThere(node.path);
      const value = node.filters.reduce<unknown>((each, filter) => filter(each), found === MISSING ? undefined : found);
      write(cellText(value));
    } else if (node.kind === "if") renderNodes(isTrue(found) ? node.body : node.otherwise, scopes, write, turn);
    else {
      const items = Array.isArray(found) ? (found as readonly unknown[]) : [];
      if (found !== MISSING && found !== null && !Array.isArray(found))
        throw invalidArgument("the value", [
          { field: node.path.join("."), description: "expected a list, as {{#each}} goes through it" },
        ]);
      if (items.length === 0) renderNodes(node.otherwise, scopes, write, turn);
      for (const [index, value] of items.entries()) {
        turn();
        renderNodes(node.body, [...scopes, { value, index }], write, turn);
      }
    }
  }
};

const isTrue = (value: unknown): boolean =>
  value !== MISSING &&
  value !== false &&
  value !== null &&
  value !== undefined &&
  value !== "" &&
  value !== 0 &&
  !(Array.isArray(value) && value.length === 0);

const notThere = (path: readonly string[]): PlatformError => {
  const name = path.join(".");
  return invalidArgument("the value", [
    {
      field: name,
      description: `the template shows it and it is not there; write {{${name}?}} where it may be absent`,
    },
  ]);
};
