/** One call as it stands in a file: what was asked, and what came of it. */
import type { ErrorCode, SerializedError } from "@agentcore/contract/errors";
import { z } from "zod";
import type { TargetVectors } from "../call/embed-texts.ts";
import type { TargetAnswer } from "../model-target.ts";
import type { RecordedRequest } from "./recorded-request.ts";

const Tokens = z.int().nonnegative();
const Usage = z.looseObject({ inputTokens: Tokens, outputTokens: Tokens });

// Loose: what later versions add is given as it was recorded.
const Answer = z.looseObject({
  response: z.looseObject({
    text: z.string(),
    toolCalls: z.array(z.looseObject({ id: z.string(), name: z.string(), input: z.unknown() })),
    finishReason: z.string(),
    usage: Usage,
  }),
  durationMs: z.number(),
});
const Vectors = z.looseObject({ vectors: z.array(z.array(z.number())), usage: Usage, durationMs: z.number() });
const Failure = z.looseObject({ code: z.string(), message: z.string() });

const File = z.object({
  version: z.literal(1),
  key: z.string(),
  request: z.looseObject({ operation: z.enum(["chat", "embed"]), model: z.string() }),
  pieces: z.array(z.string()).optional(),
  answer: Answer.optional(),
  vectors: Vectors.optional(),
  error: Failure.optional(),
  failedUsage: Usage.optional(),
});

export interface RecordedCall {
  readonly version: 1;
  readonly key: string;
  readonly request: RecordedRequest;
  /** Of text, as they came, where it was streamed; also before an error. */
  readonly pieces?: readonly string[] | undefined;
  /** Exactly one of these three. */
  readonly answer?: TargetAnswer | undefined;
  readonly vectors?: TargetVectors | undefined;
  readonly error?: SerializedError | undefined;
  /** What the provider may bill for an error. */
  readonly failedUsage?: TargetAnswer["response"]["usage"] | undefined;
}

/** Throws, in words, when it is none. */
export const parseRecordedCall = (text: string): RecordedCall => {
  const result = File.safeParse(JSON.parse(text));
  if (!result.success) throw new Error(z.prettifyError(result.error));
  const call = result.data;
  if ([call.answer, call.vectors, call.error].filter((one) => one !== undefined).length !== 1)
    throw new Error("expected exactly one of answer, vectors and error");
  // A code of another version becomes INTERNAL when the error is made.
  const { error, ...rest } = call;
  return error === undefined ? rest : { ...rest, error: { ...error, code: error.code as ErrorCode } };
};

/** JSON as people read it; rows of numbers on one line. */
export const printRecordedCall = (call: RecordedCall): string => `${print(JSON.parse(JSON.stringify(call)), "")}\n`;

const print = (value: unknown, indent: string): string => {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    if (items.every((item) => typeof item === "number")) return JSON.stringify(items);
    return `[\n${items.map((item) => deeper + print(item, deeper)).join(",\n")}\n${indent}]`;
  }
  const members = Object.entries(value);
  if (members.length === 0) return "{}";
  return `{\n${members.map(([name, member]) => `${deeper}${JSON.stringify(name)}: ${print(member, deeper)}`).join(",\n")}\n${indent}}`;
};
