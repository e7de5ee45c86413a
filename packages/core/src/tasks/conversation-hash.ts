import type { ModelMessage } from "@agentcore/contract/authoring";
import type { Digest, GrowingDigest } from "../ports/index.ts";

// Characters of JSON: what is shorter takes no longer to be digested than to be looked through.
const LONG = 8192;
const HASH_LENGTH = 16;

/** A message as it was told: the code may have changed it since. */
interface Told {
  readonly keys: readonly string[];
  /** Text and the like as it is, of anything that can be changed its JSON. */
  readonly values: readonly (string | number | boolean | null | undefined | { readonly json: string | undefined })[];
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
    isChangeable(value) ? { json: JSON.stringify(value) } : (value as Told["values"][number]),
  ),
});

const isAsTold = ({ keys, values }: Told, message: ModelMessage | undefined): boolean => {
  if (message === undefined) return false;
  const now = Object.keys(message);
  if (now.length !== keys.length) return false;
  return keys.every((key, index) => {
    if (now[index] !== key) return false;
    const was = values[index];
    const is: unknown = (message as unknown as Record<string, unknown>)[key];
    return isChangeable(was) ? isChangeable(is) && JSON.stringify(is) === was.json : is === was;
  });
};

const isChangeable = <Value>(value: Value): value is Value & object => typeof value === "object" && value !== null;
