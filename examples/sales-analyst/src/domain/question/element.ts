import type { Period } from "../calendar.ts";
import type { Dimension, FilterField, Measure } from "../intent.ts";

export type PeriodUnit = "day" | "week" | "month" | "quarter" | "half" | "year";

/** What a stretch of words says. Each one but `filler` must find its part in the sentence, or the question is refused. */
export type Meaning =
  | { readonly kind: "filler" }
  | { readonly kind: "join" }
  | { readonly kind: "show" }
  | { readonly kind: "measure"; readonly measure: Measure; readonly counted: boolean }
  /** "how" by itself belongs to "how did … change" or "break down"; "how are sales" asks for a judgement. */
  | { readonly kind: "how" }
  | { readonly kind: "howMany" }
  | { readonly kind: "howMuch" }
  /** "average", without saying of what. */
  | { readonly kind: "average" }
  /** "order" or "basket" in the singular: half of "average order". */
  | { readonly kind: "oneOrder" }
  | { readonly kind: "perOrder" }
  /** "value", "worth", "size": the other half of "average value of an order". */
  | { readonly kind: "worth" }
  | { readonly kind: "verb"; readonly verb: "sell" | "buy" | "spend" | "bringIn" }
  | { readonly kind: "dimension"; readonly dimension: Dimension; readonly plural: boolean }
  /** "monthly": a dimension that says by itself that it groups. */
  | { readonly kind: "grouping"; readonly dimension: Dimension }
  | { readonly kind: "per" }
  /** "broken down": announces a grouping without naming it. */
  | { readonly kind: "split" }
  | { readonly kind: "which" }
  | { readonly kind: "who" }
  | { readonly kind: "distinct" }
  /** `counts`: "most", "fewest", which make a count of the noun that follows. */
  | {
      readonly kind: "rank";
      readonly direction: "highest" | "lowest";
      readonly counts: boolean;
      readonly selling: boolean;
    }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "value"; readonly field: FilterField; readonly name: string }
  | { readonly kind: "exclude" }
  /** `change`: "grow from X to Y", which reads a stretch of time as its two ends. */
  | { readonly kind: "compare"; readonly change: boolean }
  | { readonly kind: "period"; readonly period: Period; readonly ends?: readonly [Period, Period] }
  /** "the year before": the one before the other period of the sentence. */
  | { readonly kind: "periodBefore"; readonly unit: PeriodUnit }
  | { readonly kind: "allTime" }
  | { readonly kind: "ambiguous"; readonly because: string }
  | { readonly kind: "unavailable"; readonly because: string }
  | { readonly kind: "unknown" };

export type Element = Meaning & { readonly words: string };
export type ElementOf<Kind extends Meaning["kind"]> = Extract<Element, { kind: Kind }>;
