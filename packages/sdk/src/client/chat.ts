/** An answer of a model or an agent as it comes, over the node's door in OpenAI's words. */
import { PlatformError } from "@agentcore/contract/errors";
import type { ApiConnection } from "./api-connection.ts";
import { errorIn, parseJson } from "./response-error.ts";
import { SseParser } from "./sse-parser.ts";
import type { CallOptions, ChatPiece, ChatRequest } from "./types.ts";

interface Chunk {
  readonly model?: string;
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null };
    readonly finish_reason?: string | null;
  }[];
  readonly agentcore?: Omit<Extract<ChatPiece, { readonly finishReason: string }>, "finishReason" | "model">;
}

/** Throws what the node refuses with, also once the answer has begun, UNAVAILABLE when it breaks off, or the signal's reason. */
export async function* readChat(
  connection: ApiConnection,
  { model, messages, taskId, contextId, idempotencyKey }: ChatRequest,
  { signal }: CallOptions,
): AsyncGenerator<ChatPiece, void, undefined> {
  const agentcore = {
    ...(taskId === undefined ? {} : { taskId }),
    ...(contextId === undefined ? {} : { contextId }),
  };
  const response = await connection.send("POST", "/v1/chat/completions", {
    body: { model, messages, stream: true, ...(Object.keys(agentcore).length === 0 ? {} : { agentcore }) },
    headers: {
      accept: "text/event-stream",
      ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
    },
    signal,
  });
  const parser = new SseParser();
  const decoder = new TextDecoder();
  for await (const bytes of connection.bytes(response, signal)) {
    for (const { data } of parser.push(decoder.decode(bytes, { stream: true }))) {
      if (data === "[DONE]") return;
      yield* piecesOf(data);
    }
  }
  throw new PlatformError("UNAVAILABLE", "the answer broke off before its end");
}

function* piecesOf(data: string): Generator<ChatPiece, void, undefined> {
  const value = parseJson(data);
  const failure = errorIn(value);
  if (failure !== undefined) throw failure;
  const { choices: [choice] = [], model = "", agentcore } = value as Chunk;
  const text = choice?.delta?.content;
  if (typeof text === "string" && text !== "") yield { text };
  const finishReason = choice?.finish_reason;
  if (typeof finishReason === "string") yield { finishReason, model, ...agentcore };
}
