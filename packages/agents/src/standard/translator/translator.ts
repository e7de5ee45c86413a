import { invalidArgument, parseInput } from "@agentcore/contract";
import { type AgentDefinition, type QueryInput, type TaskInput } from "@agentcore/sdk";
import { z } from "zod";
import { checkStandard, type StandardKind, type StandardOptions, standardAgent } from "../standard-agent.ts";
import { Fields, mapValue } from "./mapping.ts";
import { readCsv, readForm, writeCsv, writeForm } from "./texts.ts";
import { readXml, writeXml } from "./xml.ts";

const FORMATS = ["json", "xml", "csv", "form"] as const;
type Format = (typeof FORMATS)[number];
const MEDIA_TYPES: Readonly<Record<Format, string>> = {
  json: "application/json",
  xml: "application/xml",
  csv: "text/csv",
  form: "application/x-www-form-urlencoded",
};

const Mapping = z.strictObject({
  from: z.enum(FORMATS).optional(),
  to: z.enum(FORMATS).optional(),
  /** Target: where it comes from. @default all as it is */
  fields: Fields.optional(),
  /** Of CSV: the rules are of each row. */
  rows: z.boolean().default(false),
  /** Elements of XML that are lists also when there is one, as `order.item`. */
  lists: z.array(z.string().min(1).max(500)).max(200).default([]),
  /** Of XML that is made, where the value has more than one member. */
  root: z.string().min(1).max(100).default("root"),
  delimiter: z.string().length(1).default(","),
});

const shape = {
  /** By name. */
  mappings: z.record(z.string().min(1).max(100), Mapping).default({}),
};

export const translatorKind: StandardKind<typeof shape> = {
  name: "translator",
  description: "Translates between JSON, XML, CSV and forms, by declared rules which member goes where and as what",
  latencyMs: { from: 1, to: 20 },
  doesNot: ["translate between languages", "guess what a member means", "fetch or send anything"],
  skills: [
    {
      id: "translate-format",
      name: "Translate formats",
      description: "Makes JSON, XML, CSV or a form of one of the others, by rules that are declared",
      tags: ["connection", "xml", "csv", "json", "mapping"],
      examples: ["Make the JSON of our shop of this XML order"],
    },
  ],
  shape,
  model: "never",
  tools: "never",
  example: {
    options: {
      mappings: {
        order: {
          from: "xml",
          to: "json",
          fields: {
            id: "order.@id",
            total: { from: "order.total", as: "number" },
            items: { from: "order.item", each: { name: "." } },
          },
        },
      },
    },
    input: { mapping: "order", text: '<order id="A-7"><total>12.50</total><item>lamp</item></order>' },
  },
};

export type TranslatorOptions = StandardOptions<typeof shape>;

export interface Translated {
  /** Of JSON the value; of all else there is `text` alone. */
  readonly value?: unknown;
  readonly text: string;
  readonly format: Format;
  readonly mediaType: string;
}

const MAX_CHARACTERS = 2_000_000;
const Request = z
  .strictObject({
    /** Name of a mapping of the options. @default none: all goes over as it is */
    mapping: z.string().max(100).optional(),
    from: z.enum(FORMATS).optional(),
    to: z.enum(FORMATS).optional(),
    text: z.string().max(MAX_CHARACTERS).optional(),
    value: z.unknown().optional(),
  })
  .refine(({ text, value }) => (text === undefined) !== (value === undefined), {
    error: "expected either text or value",
  });

/** An agent that makes one format of another. The same gives the same; what does not fit the rules is refused with every place, and nothing half done is given. */
export const translatorAgent = (options: TranslatorOptions = {}): AgentDefinition => {
  const checked = checkStandard(translatorKind, options);
  const translate = ({ mapping: name, text, value, ...formats }: z.output<typeof Request>): Translated => {
    const mapping = name === undefined ? Mapping.parse({}) : checked.mappings[name];
    if (mapping === undefined || (name !== undefined && !Object.hasOwn(checked.mappings, name)))
      throw invalidArgument("the request", [
        {
          field: "mapping",
          description: `expected one of ${Object.keys(checked.mappings).join(", ") || "none: there are none"}`,
        },
      ]);
    const from = formats.from ?? mapping.from ?? "json";
    const to = formats.to ?? mapping.to ?? "json";
    const source = text === undefined ? value : read(from, text, mapping);
    const { fields } = mapping;
    const mapped =
      fields === undefined
        ? source
        : mapping.rows && Array.isArray(source)
          ? source.map((row: unknown, index) => mapValue(row, fields, `[${index}].`))
          : mapValue(source, fields);
    return {
      ...(to === "json" ? { value: mapped } : {}),
      text: write(to, mapped, mapping),
      format: to,
      mediaType: MEDIA_TYPES[to],
    };
  };
  return standardAgent(translatorKind, checked, {
    input: Request,
    answer: ({ payload }: QueryInput) => translate(parseInput(Request, payload, "what is to be translated")),
    run: ({ input }: TaskInput<z.output<typeof Request>>) => translate(input),
  });
};

type Settings = z.output<typeof Mapping>;

const read = (format: Format, text: string, { lists, delimiter }: Settings): unknown => {
  switch (format) {
    case "json":
      try {
        return JSON.parse(text);
      } catch (error) {
        throw invalidArgument("the JSON", [{ field: "text", description: String((error as Error).message) }]);
      }
    case "xml":
      return readXml(text, new Set(lists));
    case "csv":
      return readCsv(text, delimiter);
    case "form":
      return readForm(text);
  }
};

const write = (format: Format, value: unknown, { root, delimiter }: Settings): string => {
  switch (format) {
    case "json":
      return JSON.stringify(value ?? null);
    case "xml":
      return writeXml(value, root);
    case "csv":
      return writeCsv(value, delimiter);
    case "form":
      return writeForm(value);
  }
};
