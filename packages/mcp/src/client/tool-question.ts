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
  const forms = asked.map(([id, { method, params }]): ServerForm => {
    const { mode = "form", message, requestedSchema } = params as Readonly<Record<string, unknown>>;
    if (method !== "elicitation/create" || mode !== "form" || id.length > MAX_ID)
      return refuse(`not by a form that a person fills in: ${method}, ${String(mode)}`.slice(0, 300));
    return {
      id,
      message: String(message).slice(0, MAX_MESSAGE),
      form: (requestedSchema ?? { type: "object" }) as ServerForm["form"],
    };
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
