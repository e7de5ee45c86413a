/** What a person's reply says to a form that a server of tools has shown: a flat JSON Schema, as MCP's elicitation has it. Pure. */
import type { Schema } from "@agentcore/contract/authoring";
import type { FormReply } from "../ports/index.ts";
import { schemaOfForeignJson } from "../tools/json-schema-check.ts";

type Json = Readonly<Record<string, unknown>>;

/**
 * Data is the form's content, or `{ action, content }`; a text is `decline`, `cancel`, or the one field that the form has. Fields without an answer get their
 * defaults. What does not fit is refused, with what was expected.
 */
export const formReply = (form: Json): Schema<FormReply> => {
  const fields = isRecord(form["properties"]) ? form["properties"] : {};
  const content = schemaOfForeignJson(form);
  const accepted = (value: Json): ReturnType<Schema<FormReply>["~standard"]["validate"]> => {
    const defaults = Object.entries(fields).flatMap(([name, field]) =>
      isRecord(field) && field["default"] !== undefined ? [[name, field["default"]] as const] : [],
    );
    const whole = { ...Object.fromEntries(defaults), ...value };
    const judged = content["~standard"].validate(whole);
    if (judged instanceof Promise) throw new TypeError("a JSON Schema is judged at once");
    return judged.issues === undefined ? { value: { action: "accept", content: whole } } : { issues: judged.issues };
  };
  return {
    "~standard": {
      version: 1,
      vendor: "agentcore",
      validate(value) {
        if (typeof value === "string") return said(value.trim(), fields, accepted);
        if (!isRecord(value)) return { issues: [{ message: expected(fields) }] };
        const { action } = value;
        if (fields["action"] !== undefined || !isAction(action)) return accepted(value);
        if (action !== "accept") return { value: { action } };
        return accepted(isRecord(value["content"]) ? value["content"] : {});
      },
    },
  };
};

const said = (
  text: string,
  fields: Json,
  accepted: (content: Json) => ReturnType<Schema<FormReply>["~standard"]["validate"]>,
): ReturnType<Schema<FormReply>["~standard"]["validate"]> => {
  const word = text.toLowerCase();
  if (word === "decline" || word === "cancel") return { value: { action: word } };
  const names = Object.keys(fields);
  const [name = ""] = names;
  if (names.length === 0 && ACCEPTS.has(word)) return accepted({});
  // Data that came as text is tried as such.
  if (names.length !== 1 || text.startsWith("{")) return { issues: [{ message: expected(fields) }] };
  return accepted({ [name]: valueOf(text, fields[name]) });
};

const ACCEPTS: ReadonlySet<string> = new Set(["accept", "yes", "ok"]);

const valueOf = (text: string, field: unknown): unknown => {
  const type = isRecord(field) ? field["type"] : undefined;
  if (type === "boolean") return BOOLEANS.get(text.toLowerCase()) ?? text;
  if ((type === "number" || type === "integer") && text !== "" && Number.isFinite(Number(text))) return Number(text);
  return text;
};

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...(["yes", "true"] as const).map((word) => [word, true] as const),
  ...(["no", "false"] as const).map((word) => [word, false] as const),
]);

const expected = (fields: Json): string => {
  const names = Object.keys(fields);
  const data = names.length === 0 ? "accept" : `data with ${names.join(", ").slice(0, 500)}`;
  return `expected ${data}, or "decline" or "cancel"`;
};

const isAction = (value: unknown): value is FormReply["action"] =>
  value === "accept" || value === "decline" || value === "cancel";

const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
