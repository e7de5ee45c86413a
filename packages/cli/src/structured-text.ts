/** JSON and YAML that say what they say, and do nothing else, on a terminal too. */

// JSON escapes the others. Some terminals take the controls of C1 for the beginning of a sequence; the rest reorder text.
const CONTROL = /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Of text in which they stand between double quotes only. */
const escaped = (text: string): string =>
  text.replace(CONTROL, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** @default indent everything on one line */
export const toJsonText = (value: unknown, indent?: number): string =>
  escaped(JSON.stringify(value ?? null, null, indent));

export const toYamlText = async (value: unknown): Promise<string> => {
  const { stringify } = await import("yaml");
  const plain: unknown = JSON.parse(JSON.stringify(value ?? null));
  const text = stringify(plain);
  const safe =
    text.search(CONTROL) === -1
      ? text
      : escaped(stringify(plain, { defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "QUOTE_DOUBLE" }));
  return safe.trimEnd();
};
