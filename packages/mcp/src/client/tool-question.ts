/** What a server asks before it goes on with a call (MCP 2026-07-28, multi round-trip requests): forms alone, as that is all that was declared. */
import { PlatformError } from "@agentcore/contract";
import type { InputRequiredResult } from "@modelcontextprotocol/client";

export interface ServerForm {
  readonly id: string;
  readonly message: string;
  readonly form: Readonly<Record<string, unknown>>;
}

/** As `details.question` of an INPUT_REQUIRED, but for whose it is. */
export interface ServerQuestion {
  readonly forms: readonly ServerForm[];
  readonly state?: string | undefined;
}

/** To what the call before has asked. */
export interface ServerAnswers {
  readonly replies: Readonly<
    Record<string, { readonly action: string; readonly content?: Readonly<Record<string, unknown>> | undefined }>
  >;
  readonly state?: string | undefined;
}

const MAX_FORMS = 5;
const MAX_ID = 100;
const MAX_MESSAGE = 4_000;
// Of all forms, which people are shown; and of what the server has handed over to itself, which stands in a log.
const MAX_FORM_BYTES = 32 * 1024;
const MAX_STATE_BYTES = 64 * 1024;

/** Throws INPUT_REQUIRED, or UPSTREAM_FAILED for what nobody can be asked. */
export const askedBy = (
  what: string,
  tool: string,
  { inputRequests = {}, requestState }: InputRequiredResult,
): never => {
  const refuse = (why: string): never => {
    throw new PlatformError("UPSTREAM_FAILED", `${what}: ${tool} asks before it goes on, and ${why}`, {
      retryable: false,
    });
  };
  const asked = Object.entries(inputRequests);
  if (asked.length > MAX_FORMS) refuse(`for ${asked.length} things at once: ${MAX_FORMS} are taken`);
  const forms = asked.map(([id, request]): ServerForm => {
    const { method, params } = recordOf(request);
    const { mode = "form", message, requestedSchema = { type: "object" } } = recordOf(params);
    if (method !== "elicitation/create" || mode !== "form" || id.length > MAX_ID)
      return refuse(`not by a form that a person fills in: ${String(method)}, ${String(mode)}`.slice(0, 300));
    if (typeof message !== "string" || !isForm(requestedSchema))
      return refuse(
        "does not say what: expected a message in words and the JSON Schema of an object with plain members",
      );
    return { id, message: message.slice(0, MAX_MESSAGE), form: requestedSchema };
  });
  if (Buffer.byteLength(JSON.stringify(forms)) > MAX_FORM_BYTES)
    refuse(`by forms of more than ${MAX_FORM_BYTES} bytes`);
  if (Buffer.byteLength(requestState ?? "") > MAX_STATE_BYTES)
    refuse(`hands over more than ${MAX_STATE_BYTES} bytes (requestState)`);
  const question: ServerQuestion = { forms, ...(requestState === undefined ? {} : { state: requestState }) };
  throw new PlatformError(
    "INPUT_REQUIRED",
    `${what}: ${tool} asks a person before it goes on: ${forms.map(({ message }) => message).join("; ")}`.slice(
      0,
      2_000,
    ),
    { details: { question } },
  );
};

type Json = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The SDK hands on what a server asks as it came. */
const recordOf = (value: unknown): Json => (isRecord(value) ? value : {});

// Absent where a field is one of a few texts.
const PLAIN: ReadonlySet<unknown> = new Set([undefined, "string", "number", "integer", "boolean", "array"]);

/** What somebody can fill in: neither objects nor lists of them, as the protocol has it. */
const isForm = (schema: unknown): schema is Json => {
  if (!isRecord(schema)) return false;
  const { type = "object", properties = {} } = schema;
  return type === "object" && isRecord(properties) && Object.values(properties).every(isField);
};

const isField = (field: unknown): boolean =>
  isRecord(field) && PLAIN.has(field["type"]) && (field["type"] !== "array" || isTexts(field["items"]));

const isTexts = (items: unknown): boolean => isRecord(items) && (items["type"] ?? "string") === "string";
