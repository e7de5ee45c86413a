/** What the agents ask each other. No agent imports another; this is all they have in common. */
import { z } from "zod";
import { AnswerSchema } from "./format-answer.ts";
import { SalesIntentSchema } from "./intent.ts";

/** Plain text, as the command line sends it, or an object. */
export const SalesQuestion = z.union([
  z.string().min(1).max(2_000),
  z.strictObject({ question: z.string().min(1).max(2_000) }),
]);

const Refused = z.object({
  understood: z.literal(false),
  reason: z.enum(["notUnderstood", "ambiguous", "notInTheData"]),
  message: z.string(),
  unknownWords: z.array(z.string()),
  examples: z.array(z.string()),
});
export type Refused = z.infer<typeof Refused>;

/** A refusal is an answer as good as any other, not a failure. `text` is the whole of it for reading. */
export const SalesReply = z.discriminatedUnion("understood", [
  AnswerSchema.extend({
    understood: z.literal(true),
    intent: SalesIntentSchema,
    /** True when no query ran: the same question, however worded, was answered before over the same data. */
    fromCache: z.boolean(),
    text: z.string(),
  }),
  Refused.extend({ text: z.string() }),
]);

const Names = z.array(z.string());
export const CatalogueSchema = z.object({
  names: z.object({ category: Names, customer: Names, product: Names, region: Names }),
  firstDay: z.string(),
  lastDay: z.string(),
});

export const ParseRequest = z.object({ question: z.string() });

/** Besides the meaning: over which state of the data, and what there is to speak of. */
export const ParseReply = z.object({
  parsed: z.discriminatedUnion("understood", [
    z.object({ understood: z.literal(true), intent: SalesIntentSchema }),
    Refused,
  ]),
  dataVersion: z.string(),
  catalogue: CatalogueSchema,
});

export const SqlRequest = z.object({ intent: SalesIntentSchema });

const Row = z.object({ labels: z.array(z.string()), value: z.number().nullable() });
export const SqlReply = z.object({
  /** Of `buildQueries(intent)`, in the same order. */
  results: z.array(z.object({ rows: z.array(Row), next: Row.nullable() })),
  dataVersion: z.string(),
});

export const FormatRequest = z.object({
  intent: SalesIntentSchema,
  results: SqlReply.shape.results,
  coverage: CatalogueSchema.pick({ firstDay: true, lastDay: true }),
});
