/**
 * How a payload stands in a row: the value itself, or an object that says where or how it is kept. A value that looks
 * like one of those is wrapped, so that nothing a caller sends can pass for one.
 */
const SEALED = "$sealed";
const BLOB = "$blob";
const PLAIN = "$plain";

export interface SealedPayload {
  /** Name of the key, a colon, the sealed JSON text. */
  readonly [SEALED]: string;
  /** What was sealed: the value itself, or a BlobPayload. Each is sealed for a scope of its own, so this cannot be changed unnoticed. */
  readonly of?: "blob";
  /** Of the blob. Beside what is sealed, so that a page of a log is bounded before anything is opened; nothing else rests on it. */
  readonly bytes?: number;
}

export interface BlobPayload {
  /** Name in the BlobStore, of the JSON text as UTF-8. */
  readonly [BLOB]: string;
  readonly bytes: number;
}

/** What a row says, before anything is opened or fetched. */
export type Marked =
  | { readonly form: "plain"; readonly value: unknown }
  | { readonly form: "sealed"; readonly sealed: string }
  | { readonly form: "sealed blob"; readonly sealed: string; readonly bytes: number }
  | { readonly form: "blob"; readonly name: string; readonly bytes: number };

export const sealedPayload = (sealed: string): SealedPayload => ({ [SEALED]: sealed });
export const sealedReference = (sealed: string, bytes: number): SealedPayload => ({
  [SEALED]: sealed,
  of: "blob",
  bytes,
});
export const blobPayload = (name: string, bytes: number): BlobPayload => ({ [BLOB]: name, bytes });
export const wrappedPayload = (value: unknown): unknown => ({ [PLAIN]: value });

/** True for a value that would be read as something else than itself. */
export const looksMarked = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  (Object.hasOwn(value, SEALED) || Object.hasOwn(value, BLOB) || Object.hasOwn(value, PLAIN));

export const readMarks = (stored: unknown): Marked => {
  if (!looksMarked(stored)) return { form: "plain", value: stored };
  const { [SEALED]: sealed, [BLOB]: name, [PLAIN]: value, of, bytes } = stored as Readonly<Record<string, unknown>>;
  const size = typeof bytes === "number" ? bytes : 0;
  if (typeof sealed === "string")
    return of === "blob" ? { form: "sealed blob", sealed, bytes: size } : { form: "sealed", sealed };
  if (typeof name === "string") return { form: "blob", name, bytes: size };
  return { form: "plain", value };
};
