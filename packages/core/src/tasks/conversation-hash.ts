import type { ModelMessage } from "@agentcore/contract/authoring";
import type { Digest, GrowingDigest } from "../ports/index.ts";

// Characters of JSON: what is shorter takes no longer to be digested than to be looked through.
const LONG = 4096;
const HASH_LENGTH = 16;

/** A message as it was told: the code may have changed it since. */
interface Told {
  readonly keys: readonly string[];
  /** Text and the like as it is, of anything that can be changed what its JSON says. */
  readonly values: readonly unknown[];
}

/**
 * The hash of one request after the other, of a conversation that grows: `[messages, ...rest]` as JSON. Of a long one only what was added since the last
 * request is written out and digested, else each turn would cost as much as all before it.
 */
export class ConversationHash {
  private readonly digest: Digest;
  private told: readonly Told[] = [];
  /** Of `[[` and what was told. */
  private grown: GrowingDigest | null = null;

  constructor(digest: Digest) {
    this.digest = digest;
  }

  /** `rest`: one value at least. */
  of(messages: readonly ModelMessage[], rest: readonly unknown[]): string {
    const goesOn = this.grown !== null && this.told.every((told, index) => isAsTold(told, messages[index]));
    if (!goesOn) {
      this.told = [];
      this.grown = null;
      const text = JSON.stringify([messages, ...rest]);
      // What is no conversation the provider will refuse.
      if (text.length < LONG || !messages.every(isChangeable)) return this.digest.sha256(text).slice(0, HASH_LENGTH);
    }
    const added = messages.slice(this.told.length);
    const text = added.map((message) => JSON.stringify(message)).join(",");
    const grown = this.grown?.add(added.length === 0 ? text : `,${text}`) ?? this.digest.begin().add(`[[${text}`);
    this.told = [...this.told, ...added.map(toTold)];
    this.grown = grown;
    return grown
      .add(`],${JSON.stringify(rest).slice(1)}`)
      .hex()
      .slice(0, HASH_LENGTH);
  }
}

const toTold = (message: ModelMessage): Told => ({
  keys: Object.keys(message),
  values: Object.values(message).map((value: unknown) =>
    isChangeable(value) ? (JSON.parse(JSON.stringify(value) ?? "null") as unknown) : value,
  ),
});

const isAsTold = ({ keys, values }: Told, message: unknown): boolean => {
  if (!isPlain(message)) return false;
  let at = 0;
  for (const key in message) {
    if (keys[at] !== key || !isSame(values[at], message[key], 0)) return false;
    at += 1;
  }
  return at === keys.length;
};

// As deep as a result may be; what is deeper is written out again.
const MAX_DEPTH = 200;

/** Whether `was` is the JSON of `is`; no for what JSON does not keep as it is: then all is written out again. To write it out only to compare was most of what a long conversation cost. */
const isSame = (was: unknown, is: unknown, depth: number): boolean => {
  if (typeof is !== "object" || is === null) return is === was;
  if (!isChangeable(was) || depth > MAX_DEPTH) return false;
  if (Array.isArray(is)) {
    if (Object.getPrototypeOf(is) !== Array.prototype || !Array.isArray(was) || is.length !== was.length) return false;
    for (let index = 0; index < is.length; index++) if (!isSame(was[index], is[index], depth + 1)) return false;
    return true;
  }
  if (!isPlain(is) || Array.isArray(was)) return false;
  const keys = Object.keys(was);
  let at = 0;
  for (const key in is) {
    if (keys[at] !== key || !isSame((was as Readonly<Record<string, unknown>>)[key], is[key], depth + 1)) return false;
    at += 1;
  }
  return at === keys.length;
};

/** Nothing but its own members decides what its JSON is. */
const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (!isChangeable(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

const isChangeable = (value: unknown): value is object => typeof value === "object" && value !== null;
