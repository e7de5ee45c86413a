/** What hostile clients do to JSON: edits of a valid value, and texts that no serialiser would write. */
import fc from "fast-check";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const MARK = "@@text:";

/** Stands in a value for a text that is written as it is. */
const written = (text: string): string => `${MARK}${text}@@`;

/** JSON with the places filled in. */
export const toText = (value: Json): string =>
  JSON.stringify(value).replace(/"@@text:((?:[^"\\]|\\.)*?)@@"/g, (_, text: string) => JSON.parse(`"${text}"`));

const nested = (levels: number): Json => written("[".repeat(levels) + "]".repeat(levels));

export const HOSTILE_TEXTS = [
  ...["", " ", "task-1", "task-4", "task-7", "task-10", "task-99", "context-of-task-7", "ROLE_USER", "user", "x"],
  ...[
    "TASK_STATE_COMPLETED",
    "completed",
    "\u0000",
    "a\nb",
    "ü",
    "\u{1F600}",
    "../..",
    "%2F",
    "__proto__",
    "not base64!",
  ],
  ...[
    "https://example.com/",
    "http://user:secret@127.0.0.1/",
    "javascript:alert(1)",
    "0",
    "-1",
    "true",
    "bGF0ZXI=",
    "2024-13-01",
  ],
  ...["2024-01-01T00:00:00Z", "1760000000000.task-7", "dGFzay03", "text/plain", "image/png", "hold", "ask"],
] as const;

const BAD_VALUES: readonly Json[] = [
  ...[null, true, false, 0, 1, -1, 0.5, 101, 2 ** 31, 2 ** 53, 1e300, [], {}, [null], [[]], [{}], { a: null }],
  ...["-0", "1e400", "-1e400", "1.0", "9007199254740993", "1E2", '"\\ud800"', '"\\udc00x"', '"\\u0000"'].map(written),
  ...[97, 98, 99, 100, 101, 102, 5000].map(nested),
  ...[256, 257, 1024, 1025, 2049, 8193].map((length) => "x".repeat(length)),
  Array.from({ length: 101 }, () => "x"),
  Array.from({ length: 30 }, () => ({ text: 5 })),
  ...HOSTILE_TEXTS,
];

const ADDED_NAMES = [
  ...["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "kind", "final", "unknown", "", "tenant"],
  ...[
    "task_id",
    "context_id",
    "message_id",
    "history_length",
    "page_size",
    "id",
    "taskId",
    "metadata",
    "configuration",
  ],
] as const;

export interface Edit {
  readonly at: number;
  readonly how: "replace" | "remove" | "add" | "rename" | "double" | "wrap";
  readonly value: number;
  readonly name: number;
}

export const edits: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.record({
    at: fc.nat(1000),
    how: fc.constantFrom("replace", "replace", "replace", "remove", "add", "rename", "double", "wrap"),
    value: fc.nat(BAD_VALUES.length - 1),
    name: fc.nat(ADDED_NAMES.length - 1),
  }),
  { maxLength: 3 },
);

type Holder = { [name: string]: Json } | Json[];

/** Every place in a value: who holds it, and under which name. */
const placesIn = (value: Json): readonly (readonly [Holder, string])[] => {
  if (typeof value !== "object" || value === null) return [];
  return Object.keys(value).flatMap((name) => [
    [value as Holder, name] as const,
    ...placesIn((value as Record<string, Json>)[name] ?? null),
  ]);
};

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** An own member, whatever its name. */
const put = (holder: object, name: string, value: Json): void => {
  Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true });
};

const apply = (holder: Holder, name: string, { how, value: index, name: nameIndex }: Edit): void => {
  const record = holder as Record<string, Json>;
  const value = structuredClone(BAD_VALUES[index] ?? null);
  const old = record[name] ?? null;
  const added = ADDED_NAMES[nameIndex] ?? "x";
  switch (how) {
    case "replace":
      record[name] = value;
      break;
    case "remove":
      if (Array.isArray(holder)) holder.splice(Number(name), 1);
      else delete record[name];
      break;
    case "add":
      if (typeof old === "object" && old !== null && !Array.isArray(old)) put(old, added, value);
      else if (Array.isArray(old)) old.push(value);
      else if (!Array.isArray(holder)) put(holder, added, value);
      break;
    case "rename":
      if (Array.isArray(holder)) break;
      delete record[name];
      put(holder, snakeCase(name), old);
      break;
    case "double":
      // The same member twice in the text: the later one counts.
      if (!Array.isArray(holder)) record[name] = written(`${toText(value)},${JSON.stringify(name)}:${toText(old)}`);
      break;
    case "wrap":
      record[name] = [old];
      break;
  }
};

export const edited = (value: Json, all: readonly Edit[]): Json => {
  const root = { root: structuredClone(value) };
  for (const edit of all) {
    const places = placesIn(root).filter(([, name]) => name !== "root" || edit.how === "replace" || edit.how === "add");
    const place = places[edit.at % Math.max(1, places.length)];
    if (place !== undefined) apply(...place, edit);
  }
  return root.root;
};
