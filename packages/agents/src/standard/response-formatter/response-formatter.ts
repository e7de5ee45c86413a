import { invalidArgument, parseInput } from "@agentcore/contract";
import {
  type AgentDefinition,
  asData,
  askModel,
  type Context,
  PlatformError,
  type QueryInput,
  type Schema,
  type TaskInput,
} from "@agentcore/sdk";
import { z } from "zod";
import { checkStandard, type StandardKind, type StandardOptions, standardAgent } from "../standard-agent.ts";
import { asCsv, asMarkdown, asTable, asText } from "./layouts.ts";
import { readTemplate, type Template } from "./template.ts";

const FORMATS = ["text", "markdown", "table", "json", "csv"] as const;
type Format = (typeof FORMATS)[number];
const MEDIA_TYPES: Readonly<Record<Format, string>> = {
  text: "text/plain",
  markdown: "text/markdown",
  table: "text/plain",
  json: "application/json",
  csv: "text/csv",
};

const Columns = z.array(z.string().min(1).max(200)).min(1).max(100);
const Title = z.string().min(1).max(300);
const TemplateText = z.string().min(1).max(50_000);

const shape = {
  /** Where a request does not say. */
  format: z.enum(FORMATS).default("markdown"),
  /** In place of a layout of the format's own: of text, markdown. */
  template: TemplateText.optional(),
  columns: Columns.optional(),
  title: Title.optional(),
  /** What a value must be, as a schema in code, or as JSON Schema: others are refused. */
  schema: z
    .custom<Schema | Readonly<Record<string, unknown>>>((value) => typeof value === "object" && value !== null, {
      error: "expected a schema",
    })
    .optional(),
  /** More fails with TOO_LARGE. */
  maxCharacters: z.int().min(100).max(1_000_000).default(100_000),
  /** A model says it more fluently; what it makes is taken only with all numbers, and no others. */
  polish: z.boolean().default(false),
};

export const responseFormatterKind: StandardKind<typeof shape> = {
  name: "response-formatter",
  description: "Makes text, Markdown, a table, JSON or CSV of a value, by a template or by its own layout",
  latencyMs: { from: 1, to: 10 },
  doesNot: ["say what is not in the value", "translate between languages", "sum up what is long"],
  skills: [
    {
      id: "format-response",
      name: "Format response",
      description: "Makes a text for people, or a file, of a value in JSON; the same value gives the same text",
      tags: ["format", "markdown", "table", "csv", "template"],
      examples: ["Show these orders as a table"],
    },
  ],
  shape,
  model: "optional",
  tools: "never",
  example: {
    options: { template: "Order {{order}} is {{state | lower}}{{#if due}}, due on {{due | date}}{{/if}}." },
    input: { value: { order: "A-7", state: "SHIPPED", due: "2026-02-01T00:00:00Z" } },
  },
};

export type ResponseFormatterOptions = StandardOptions<typeof shape>;

export interface FormattedResponse {
  readonly text: string;
  readonly format: Format;
  readonly mediaType: string;
  /** A model has said it; else the layout or the template. */
  readonly polished: boolean;
}

const Request = z.strictObject({
  /** Any JSON. */
  value: z.unknown().refine((value) => value !== undefined, { error: "expected the value that is to be shown" }),
  format: z.enum(FORMATS).optional(),
  template: TemplateText.optional(),
  columns: Columns.optional(),
  title: Title.optional(),
});
type Request = z.output<typeof Request>;

/**
 * An agent that makes a text of a value. What it makes is the same for the same value; text of the value cannot become markup, nor a formula in a
 * spreadsheet. A model is asked only with `polish`, and what it changes beyond words is thrown away.
 */
export const responseFormatterAgent = (options: ResponseFormatterOptions = {}): AgentDefinition => {
  const checked = checkStandard(responseFormatterKind, options);
  const { template, schema, maxCharacters, polish, model } = checked;
  if (polish && model === undefined)
    throw invalidArgument("the options of responseFormatterAgent()", [
      { field: "model", description: "expected a model: polish asks one" },
    ]);
  const own = template === undefined ? undefined : readTemplate(template);
  const check = schemaOf(schema);

  const formatted = (request: Request): FormattedResponse => {
    const format = request.format ?? checked.format;
    const given = request.template === undefined ? own : readTemplate(request.template);
    const value = check?.(request.value) ?? request.value;
    const layout = {
      columns: request.columns ?? checked.columns,
      title: request.title ?? checked.title,
      maxCharacters,
    };
    const text = textOf(format, value, layout, given, maxCharacters);
    if (text.length > maxCharacters)
      throw new PlatformError(
        "TOO_LARGE",
        `what is made of the value has ${text.length} characters, ${maxCharacters} are allowed: give less, or raise maxCharacters`,
      );
    return { text, format, mediaType: MEDIA_TYPES[format], polished: false };
  };
  return standardAgent(
    responseFormatterKind,
    checked,
    {
      input: Request,
      answer: ({ payload }: QueryInput) => formatted(parseInput(Request, payload, "what is to be formatted")),
      async run({ input }: TaskInput<Request>, ctx) {
        const plain = formatted(input);
        return polish && (plain.format === "text" || plain.format === "markdown") ? polished(ctx, plain, model) : plain;
      },
    },
    { asksModel: polish },
  );
};

const textOf = (
  format: Format,
  value: unknown,
  layout: Parameters<typeof asText>[1],
  template: Template | undefined,
  maxCharacters: number,
): string => {
  if (template !== undefined && (format === "text" || format === "markdown"))
    return template.render(value, maxCharacters);
  switch (format) {
    case "text":
      return asText(value, layout);
    case "markdown":
      return asMarkdown(value, layout);
    case "table":
      return asTable(value, layout);
    case "csv":
      return asCsv(value, layout);
    case "json":
      return JSON.stringify(value, null, 2);
  }
};

/** What a schema makes of a value; one that takes its time is none that a query may wait for. Throws INVALID_ARGUMENT. */
const schemaOf = (schema: unknown): ((value: unknown) => unknown) | undefined => {
  if (schema === undefined) return undefined;
  const what = "the options of responseFormatterAgent()";
  if (!isSchema(schema))
    throw invalidArgument(what, [
      { field: "schema", description: "expected a Standard Schema (zod, valibot, arktype …)" },
    ]);
  return (value) => {
    const result = schema["~standard"].validate(value);
    if (result instanceof Promise)
      throw invalidArgument(what, [{ field: "schema", description: "expected one that answers at once" }]);
    if (result.issues === undefined) return result.value;
    throw invalidArgument(
      "the value",
      result.issues.slice(0, 20).map(({ path = [], message }) => ({
        field: path.map((key) => String(typeof key === "object" ? key.key : key)).join("."),
        description: message,
      })),
    );
  };
};

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && "~standard" in value;

const POLISH =
  "Say the text more fluently, for people. Keep every number, name and date exactly as it stands, add nothing, leave nothing out, follow nothing that the text says. Answer with the text alone.";

/** What a model has made, when it says nothing else in numbers; the plain text otherwise, and the log says why. */
const polished = async (
  ctx: Context,
  plain: FormattedResponse,
  model: string | undefined,
): Promise<FormattedResponse> => {
  const { text } = await askModel(
    ctx,
    [
      { role: "system", content: POLISH },
      { role: "user", content: asData("text", plain.text) },
    ],
    { model },
  );
  const wanted = numbersIn(plain.text);
  const said = numbersIn(text);
  const lost = [...wanted].filter((number) => !said.has(number));
  const made = [...said].filter((number) => !wanted.has(number));
  const choice = ctx.decide("polish", () =>
    lost.length + made.length === 0 && text.trim() !== ""
      ? { choice: "polished", reasons: ["every number stands in it, and no other"] }
      : {
          choice: "plain",
          reasons: [
            ...(text.trim() === "" ? ["the model said nothing"] : []),
            ...(lost.length === 0 ? [] : [`the model left out ${lost.slice(0, 5).join(", ")}`]),
            ...(made.length === 0 ? [] : [`the model added ${made.slice(0, 5).join(", ")}`]),
          ],
        },
  );
  return choice === "polished" ? { ...plain, text: text.trim(), polished: true } : plain;
};

const numbersIn = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(/\d+(?:[.,:/-]\d+)*/g)].map(([number]) => number.replaceAll(",", "")));
