/** One thing in a schema, in words that are the same wherever the schema lies. */
export interface SchemaObject {
  readonly kind: "table" | "column" | "constraint" | "index" | "trigger" | "sequence" | "function";
  /** `heads`, `heads.state`, `claim_tasks(worker bigint, …)`. */
  readonly name: string;
  /** The table that it is part of, or belongs to; null for what stands alone. */
  readonly table: string | null;
  /** Its definition; functions have several lines. */
  readonly definition: string;
}
