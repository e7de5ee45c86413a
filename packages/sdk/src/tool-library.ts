/** Tools that a Tool manifest names by their library: written once, set up by whoever applies the manifest, given to agents by the node. */
import type { Schema, Tool } from "@agentcore/contract/authoring";
import type { PlatformError } from "@agentcore/contract/errors";
import { authorMistake, describe } from "./author-mistake.ts";
import { isSchema } from "./schema.ts";

/** Something of the node, or beyond it, that options reach: judged by the node when the manifest is applied, and again when it is opened. */
export interface Reach {
  /** Where it stands in the options, as in `folders[0]`. */
  readonly field: string;
  /**
   * `folder`: an absolute path, which the operator must have named (`--tool-folder`); `command`: a program (`--tool-command`); `address`: an http, https, ws or wss
   * address, which may be this machine's, and in private networks only with `--allow-private-tools`; `secret`: an environment variable of the tenant.
   */
  readonly kind: "folder" | "command" | "address" | "secret";
  readonly value: string;
  /** Of an address: secrets go there, so only encrypted or within this machine. @default false */
  readonly withSecret?: boolean | undefined;
}

/** Of one call of `fetch`. */
export interface OutboundCall {
  /** @default 33554432 */
  readonly maxAnswerBytes?: number | undefined;
  /** Hears that the whole of the request has left: from then on it may have been acted upon. */
  readonly onSent?: (() => void) | undefined;
}

/** Of one connection. */
export interface OutboundSocketCall {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Subprotocols, of which the server has to choose one. @default none */
  readonly protocols?: readonly string[] | undefined;
  /** Of one message; the connection of a longer one is closed. @default 1048576 */
  readonly maxMessageBytes?: number | undefined;
  /** For the whole of the handshake. @default 10000 */
  readonly openTimeoutMs?: number | undefined;
  /** For one message to be given to the network; the connection of a server that reads nothing for longer is ended. @default 30000 */
  readonly sendTimeoutMs?: number | undefined;
  /** Are starred out of what the server says when it closes, which goes into errors and logs. @default none */
  readonly secrets?: readonly string[] | undefined;
  /** Ends the connection, whenever it aborts. */
  readonly signal?: AbortSignal | undefined;
}

export interface OutboundMessage {
  /** Null: it is no text. */
  readonly text: string | null;
  readonly bytes: number;
}

export interface OutboundSocketEnd {
  /** As RFC 6455, 7.4 has it; 1006: without a word, 1005: with no code. */
  readonly code: number;
  readonly reason: string;
  /** Why it was ended here: a message over its bound (TOO_LARGE), or what is none of the protocol (UPSTREAM_FAILED). */
  readonly fault?: PlatformError;
}

/** A WebSocket, read no faster than somebody asks. */
export interface OutboundSocket {
  /** Of the address, for messages. */
  readonly host: string;
  /** What the server chose of the subprotocols; "" where none was asked for. */
  readonly protocol: string;
  /** How it ended; undefined while it is open. */
  readonly end: OutboundSocketEnd | undefined;
  /** Resolves when it was given to the network. Rejects with UPSTREAM_FAILED, as a RetryableError where nothing of it had left. */
  send(text: string): Promise<void>;
  /** The next message, in order; null once the connection is over and all that came was given. Of one caller at a time. */
  next(): Promise<OutboundMessage | null>;
  /** Says goodbye, and waits so many milliseconds (1000) for the other side to say it, too: it does once it has read what was sent. */
  close(waitMs?: number): Promise<OutboundSocketEnd>;
}

/** What a library is opened in. It is one tenant's, and one manifest's. */
export interface ToolSurroundings {
  readonly tenantId: string;
  /** Value of an environment variable that a `secret` reach names. Throws CONFIG_INVALID where it is not set, or not the tenant's. */
  secret(variable: string): string;
  /**
   * `fetch` as the node lets it be. To origins of `address` reaches as they are judged, to any other only where it is public: whoever chose it may be a
   * model. Redirects are answers, and never followed; nothing is decoded, and no cookie kept. Rejects with CONFIG_INVALID for what is refused; the body with
   * TOO_LARGE over its bound.
   */
  fetch(input: string | URL, init?: RequestInit, call?: OutboundCall): Promise<Response>;
  /**
   * A WebSocket, to where `fetch` would go. Rejects with CONFIG_INVALID for what is refused, with UPSTREAM_FAILED where there is no handshake: as a RetryableError where
   * there may be one soon. It is ended when the tools are closed.
   */
  webSocket(address: string | URL, call?: OutboundSocketCall): Promise<OutboundSocket>;
  /**
   * Vectors of texts, one each in their order, by a model that the tenant may name, who pays: 1 to 100 texts. Throws what the gateway of models does, as
   * MODEL_NOT_CONFIGURED, NOT_INSTALLED, BUDGET_EXCEEDED.
   */
  embed(
    model: string,
    texts: readonly string[],
    options: { readonly signal: AbortSignal },
  ): Promise<readonly ArrayLike<number>[]>;
  /** Aborts when the tools are closed: the manifest changed or was deleted, nobody used them for a while, the node stops. */
  readonly signal: AbortSignal;
  /** Has `release` run once they are closed and no call is under way any more, or given up: 5 s at most. */
  onClose(release: () => void | Promise<void>): void;
}

export interface ToolLibrary<Options = unknown> {
  /** What manifests call it by: lower-case letters, digits and hyphens. */
  readonly name: string;
  /** For whoever chooses among libraries. */
  readonly description: string;
  /** Of `spec.library.options`; strict, so that what is spelt wrong is refused when it is applied. */
  readonly options: Schema<Options>;
  /** All that the options reach besides their input. @default nothing */
  reaches?(options: Options): readonly Reach[];
  /**
   * Made by `tool()`, with names that are theirs within the manifest. Called when the first task asks, not when the manifest is applied. What a tool says of itself is
   * recorded with the list and held by the engine; so `approval` is a word, and never a function. Tools run in the node: one that does not heed its `signal` goes on
   * after nobody waits for it any more.
   */
  open(options: Options, surroundings: ToolSurroundings): readonly Tool[] | Promise<readonly Tool[]>;
}

const LIBRARY_NAME = /^[a-z][a-z0-9-]{0,62}$/;

/** Throws INVALID_ARGUMENT for a definition that could not work. */
export const toolLibrary = <Options>(library: ToolLibrary<Options>): ToolLibrary<Options> => {
  const { name, description, options } = library;
  const what = `tool library ${typeof name === "string" ? `"${name}"` : "without a name"}`;
  if (typeof name !== "string" || !LIBRARY_NAME.test(name))
    throw authorMistake(what, "name", `expected lower-case letters, digits and hyphens, got ${describe(name)}`);
  if (typeof description !== "string" || description.trim() === "")
    throw authorMistake(what, "description", "expected some words on what its tools do");
  if (!isSchema(options)) throw authorMistake(what, "options", `expected a Standard Schema, got ${describe(options)}`);
  if (typeof library.open !== "function")
    throw authorMistake(what, "open", "expected a function that gives the library's tools");
  return Object.freeze(library);
};
