/** The way up: opens, fetches and parses what rows hold. */
import { PlatformError } from "@agentcore/contract";
import type { BlobStore, PayloadCodec, SealScope } from "../ports/index.ts";
import { BLOBS_AT_ONCE, PAYLOADS } from "./blob-names.ts";
import { eachOf } from "./each-of.ts";
import { looksMarked, readMarks } from "./payload-marks.ts";
import { assertPlainAllowed, referenceScope } from "./seal-scopes.ts";

/** Stands in place of a value that cannot be read. */
export class Unreadable {
  readonly error: PlatformError;
  /** The blob that it refers to is not there. */
  readonly isMissing: boolean;

  constructor(error: PlatformError, isMissing = false) {
    this.error = error;
    this.isMissing = isMissing;
  }
}

type Found = { readonly form: "value"; readonly value: unknown } | { readonly form: "blob"; readonly name: string };

export class PayloadReader {
  private readonly blobs: BlobStore;
  private readonly codec: PayloadCodec;

  constructor(blobs: BlobStore, codec: PayloadCodec) {
    this.blobs = blobs;
    this.codec = codec;
  }

  /** In the order given; each a value, or why there is none. The list itself when all are plain. Throws STORE_UNAVAILABLE. */
  async readAll(stored: readonly unknown[], scopeOf: (index: number) => SealScope): Promise<readonly unknown[]> {
    if (!this.codec.sealedOnly && !stored.some(looksMarked)) return stored;
    const fetches: { readonly index: number; readonly scope: SealScope; readonly name: string }[] = [];
    const values = stored.map((each, index) => {
      const scope = scopeOf(index);
      return this.attempt(() => {
        const found = this.find(scope, each);
        if (found.form === "value") return found.value;
        fetches.push({ index, scope, name: found.name });
        return undefined;
      });
    });
    if (fetches.length > 0)
      await eachOf(fetches, BLOBS_AT_ONCE, async ({ index, scope, name }) => {
        values[index] = await this.fetch(scope, name);
      });
    return values;
  }

  /** Names of the blobs that a payload refers to; undefined when it cannot be read. */
  blobsOf(scope: SealScope, stored: unknown): readonly string[] | undefined {
    const found = this.attempt(() => this.find(scope, stored));
    if (found instanceof Unreadable) return undefined;
    return found.form === "blob" ? [found.name] : [];
  }

  /** Throws PAYLOAD_UNREADABLE. */
  private find(scope: SealScope, stored: unknown): Found {
    const marked = readMarks(stored);
    switch (marked.form) {
      case "plain":
        assertPlainAllowed(this.codec);
        return { form: "value", value: marked.value };
      case "blob":
        assertPlainAllowed(this.codec);
        return marked;
      case "sealed":
        return { form: "value", value: JSON.parse(this.codec.open(scope, marked.sealed)) };
      case "sealed blob": {
        const reference = readMarks(JSON.parse(this.codec.open(referenceScope(scope), marked.sealed)));
        if (reference.form === "blob") return reference;
        throw new PlatformError("PAYLOAD_UNREADABLE", "what was sealed names no blob");
      }
    }
  }

  private async fetch({ tenantId }: SealScope, name: string): Promise<unknown> {
    try {
      const bytes = await this.blobs.get({ tenantId, namespace: PAYLOADS }, name);
      if (bytes === null)
        return new Unreadable(new PlatformError("PAYLOAD_UNREADABLE", `blob ${name} is missing`), true);
      // Sealed bytes would not have opened; plain ones that a disk or a hand has changed may still be JSON.
      if (!this.codec.isNameOf(tenantId, bytes, name))
        return new Unreadable(new PlatformError("PAYLOAD_UNREADABLE", `blob ${name} was changed where it is kept`));
      return JSON.parse(new TextDecoder().decode(bytes));
    } catch (error) {
      return unreadable(error);
    }
  }

  private attempt<Value>(read: () => Value): Value | Unreadable {
    try {
      return read();
    } catch (error) {
      return unreadable(error);
    }
  }
}

/** A store that does not answer is no fault of the payload: whoever asked asks again. */
const unreadable = (error: unknown): Unreadable => {
  const failure = PlatformError.from(error, "PAYLOAD_UNREADABLE");
  if (failure.code === "STORE_UNAVAILABLE") throw failure;
  return new Unreadable(failure);
};
