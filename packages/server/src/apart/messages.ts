/** What is said between the node and what runs code apart from it. Values are encoded (value-codec.ts); numbers of calls are of their run. */
import type { CodeSnapshot } from "../agents/read-code.ts";

/** How one of the two ends came out. */
export type Settled = { readonly value: unknown } | { readonly error: unknown };

export type ToApart =
  | { readonly type: "load"; readonly snapshot: CodeSnapshot; readonly export: string; readonly snapshots: string }
  /** `turn`: answered by `quiet` once the code has done all it does about it. */
  | { readonly type: "run"; readonly run: number; readonly turn: number; readonly task: unknown; readonly env: unknown }
  | {
      readonly type: "answer";
      readonly run: number;
      readonly turn: number;
      readonly query: unknown;
      readonly ctx: unknown;
    }
  | ({ readonly type: "settled"; readonly run: number; readonly turn: number; readonly call: number } & Settled)
  | {
      readonly type: "abort";
      readonly run: number;
      readonly turn: number;
      readonly signal: number;
      readonly reason: unknown;
    }
  | {
      readonly type: "invoke";
      readonly run: number;
      readonly call: number;
      readonly function: number;
      readonly values: unknown;
    }
  | ({ readonly type: "returned"; readonly run: number; readonly call: number } & Settled)
  | { readonly type: "drop"; readonly run: number };

export type FromApart =
  | ({ readonly type: "loaded" } & Settled)
  | {
      readonly type: "call";
      readonly run: number;
      readonly call: number;
      readonly method: string;
      readonly values: unknown;
    }
  /** The code waits, with all it does, for what is given by `Apart.answer`. */
  | { readonly type: "ask"; readonly run: number; readonly method: string; readonly values: unknown }
  | { readonly type: "tell"; readonly run: number; readonly method: string; readonly values: unknown }
  | {
      readonly type: "invoke";
      readonly run: number;
      readonly call: number;
      readonly function: number;
      readonly values: unknown;
    }
  | ({ readonly type: "returned"; readonly run: number; readonly call: number } & Settled)
  | { readonly type: "abort"; readonly run: number; readonly signal: number; readonly reason: unknown }
  | ({ readonly type: "ended"; readonly run: number } & Settled)
  | { readonly type: "quiet"; readonly run: number; readonly turn: number }
  | { readonly type: "dropped"; readonly run: number };
