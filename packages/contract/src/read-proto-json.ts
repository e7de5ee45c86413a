// Values under these names belong to users: their keys are theirs to spell.
const OPAQUE = new Set(["metadata", "data", "params"]);

// Fields whose empty text is no other than none. A part's content is there also when it is empty, and so is a URL.
const TEXTS = new Set([
  ...["tenant", "id", "messageId", "contextId", "taskId", "configId", "pushNotificationConfigId", "pageToken"],
  ...["filename", "mediaType", "name", "mimeType", "token", "scheme", "credentials"],
]);
const BYTES = new Set(["raw", "bytes", "fileWithBytes"]);
const INTEGERS = new Set(["historyLength", "pageSize"]);

/** Names by number, as A2A's proto file has them. The first is what is unset. */
const ENUMS: ReadonlyMap<string, readonly string[]> = new Map([
  ["role", ["ROLE_UNSPECIFIED", "ROLE_USER", "ROLE_AGENT"]],
  [
    "status",
    [
      "TASK_STATE_UNSPECIFIED",
      "TASK_STATE_SUBMITTED",
      "TASK_STATE_WORKING",
      "TASK_STATE_COMPLETED",
      "TASK_STATE_FAILED",
      "TASK_STATE_CANCELED",
      "TASK_STATE_INPUT_REQUIRED",
      "TASK_STATE_REJECTED",
      "TASK_STATE_AUTH_REQUIRED",
    ],
  ],
]);

/**
 * The spelling that schemas know, of what ProtoJSON asks parsers of requests to take: proto names (`task_id`; where both are there
 * the JSON name wins), null, empty texts and unspecified enums for what is unset, enums by number, integers as text, and base64 of
 * either alphabet, padded or not. What is wrong in any spelling stays for the schema to refuse. In place: the value must be freshly
 * parsed JSON of bounded depth. Source: A2A 1.0.1 section 5.5, protobuf's "ProtoJSON Format".
 */
export const readProtoJson = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    for (const element of value) readProtoJson(element);
    return value;
  }
  const record = value as Record<string, unknown>;
  for (const key of Object.keys(record)) {
    const name = key.includes("_") ? camelCase(key) : key;
    const given = record[key];
    const member = readMember(name, given);
    if (name !== key) {
      delete record[key];
      if (member !== undefined && !Object.hasOwn(record, name)) record[name] = member;
    } else if (member === undefined) delete record[key];
    else if (member !== given) record[key] = member;
    if (!OPAQUE.has(name)) readProtoJson(member);
  }
  return record;
};

/** Undefined for what is unset. */
const readMember = (name: string, value: unknown): unknown => {
  // Of data null is a value.
  if (value === null) return name === "data" ? null : undefined;
  if (value === "" && TEXTS.has(name)) return undefined;
  if (typeof value === "string") {
    if (BYTES.has(name)) return standardBase64(value);
    if (INTEGERS.has(name) && /^-?\d{1,9}$/.test(value)) return Number(value);
  }
  const names = ENUMS.get(name);
  if (names === undefined) return value;
  const named = typeof value === "number" ? (names[value] ?? value) : value;
  return named === names[0] ? undefined : named;
};

const standardBase64 = (text: string): string => {
  if (text.length % 4 === 0 && !/[-_]/.test(text)) return text;
  const digits = text
    .replaceAll("-", "+")
    .replaceAll("_", "/")
    .replace(/={1,2}$/, "");
  return digits.padEnd(Math.ceil(digits.length / 4) * 4, "=");
};

const camelCase = (name: string): string =>
  name.replace(/(?<=[a-z0-9])_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
