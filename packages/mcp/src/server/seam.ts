/** What the door asks of the node behind it, for one caller of one request. */
import type { CallToolResult, ContentBlock, ReadResourceResult } from "@modelcontextprotocol/server";

export type ToolContent = ContentBlock;

export interface DoorTool {
  /** 1 to 128 letters, digits, `_`, `-` and `.`. */
  readonly name: string;
  readonly title?: string | undefined;
  readonly description: string;
  /** JSON Schema of an object. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly hints?:
    | { readonly readOnly?: boolean; readonly idempotent?: boolean; readonly destructive?: boolean }
    | undefined;
}

/** What a person is asked in the middle of a call. */
export interface DoorQuestion {
  /** Tells it from others of the same call. */
  readonly key: string;
  readonly message: string;
  /** JSON Schema of an object whose members are plain values. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** Comes back with the answer, from the client: it names, and proves nothing. */
  readonly state: string;
}

export type DoorAnswer =
  | { readonly action: "accept"; readonly content: Readonly<Record<string, unknown>> }
  | { readonly action: "decline" | "cancel" };

export interface DoorCall {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** `_meta` of the request. */
  readonly meta: Readonly<Record<string, unknown>>;
  /** Aborts when the client cancels the call. */
  readonly canceled: AbortSignal;
  /** Aborts then, and when nobody is there any more to take the answer. */
  readonly left: AbortSignal;
  /** Of what an earlier question asked, in the same call. */
  readonly answer: { readonly state: string; readonly given: DoorAnswer } | null;
  /** Whether the client can ask a person. */
  readonly canAsk: boolean;
  readonly progress: (message: string) => void;
}

export interface DoorResult extends Pick<CallToolResult, "content" | "isError"> {
  readonly structured?: Readonly<Record<string, unknown>> | undefined;
  readonly meta?: Readonly<Record<string, unknown>> | undefined;
}

export interface DoorSeam {
  tools(): readonly DoorTool[];
  /** Rejects for what is wrong with the call itself: NOT_FOUND (no such tool), OVERLOADED … What went wrong in a tool is a result. */
  call(call: DoorCall): Promise<DoorResult | { readonly asks: DoorQuestion }>;
  /** Throws NOT_FOUND. */
  read(uri: string): Promise<ReadResourceResult["contents"]>;
  readonly templates: readonly { readonly name: string; readonly uriTemplate: string; readonly description: string }[];
}
