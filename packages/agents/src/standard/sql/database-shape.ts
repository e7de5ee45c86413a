/** Tables as a tool `sql_schema` shows them, and the words by which people name them. */
import { z } from "zod";
import { singular } from "../singular.ts";

export const DatabaseShape = z.object({
  dialect: z.string(),
  tables: z.array(
    z.object({
      name: z.string(),
      comment: z.string().optional(),
      columns: z.array(z.object({ name: z.string(), type: z.string(), comment: z.string().optional() })),
      references: z.array(z.string()).optional(),
    }),
  ),
  others: z.array(z.string()).optional(),
});
export type DatabaseShape = z.output<typeof DatabaseShape>;
export type Table = DatabaseShape["tables"][number];
export type Column = Table["columns"][number];

/** `order_items`, `"orderItems"`, `public.order_items` as order, item. */
export const nameWords = (name: string): readonly string[] =>
  (name.split(".").at(-1) ?? name)
    .replaceAll('"', "")
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
    .map((word) => singular(word.toLowerCase()));

export const isNumeric = ({ type }: Column): boolean => /int|num|dec|real|double|float|money|serial/i.test(type);
export const isTime = ({ type, name }: Column): boolean =>
  /date|time/i.test(type) || (/text|char/i.test(type) && /(?:^|_)(?:at|date|day|time)$/i.test(name));
