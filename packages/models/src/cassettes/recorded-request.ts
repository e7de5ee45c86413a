/** What of a call shapes its answer, and the key that follows from it. */
import { createHash } from "node:crypto";
import type { ModelRequest, Tool } from "@agentcore/contract/authoring";
import { canonicalJson } from "@agentcore/core/payloads";
import type { ModelTarget } from "../model-target.ts";

/** Plain JSON: what the provider is asked, apart from how it is reached. */
export interface RecordedRequest {
  readonly operation: "chat" | "embed";
  /** `provider/model`. */
  readonly model: string;
  readonly [member: string]: unknown;
}

/** Whether a member shapes the answer. One that is not here does not compile. */
const SHAPES: Readonly<Record<keyof ModelRequest, boolean>> = {
  messages: true,
  tools: true,
  toolChoice: true,
  output: true,
  temperature: true,
  topP: true,
  stop: true,
  seed: true,
  maxOutputTokens: true,
  // The target says who is asked, whatever name led there.
  model: false,
  key: false,
  retry: false,
  timeoutMs: false,
  cache: false,
  artifact: false,
};

const SHAPES_OF_TOOL: Readonly<Record<keyof Tool, boolean>> = {
  name: true,
  description: true,
  inputJsonSchema: true,
  input: false,
  // What the engine makes of it: no model is told.
  output: false,
  permission: false,
  readOnly: false,
  idempotent: false,
  timeoutMs: false,
  costUsd: false,
  maxCalls: false,
  approval: false,
  approvers: false,
  execute: false,
};

const pick = (shapes: Readonly<Record<string, boolean>>, members: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).filter(([name]) => shapes[name] === true));

// So that what is compared with a file is what a file can hold.
const asJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const nameOf = ({ provider, model }: ModelTarget): string => `${provider}/${model}`;

export const chatRequest = (target: ModelTarget, request: ModelRequest): RecordedRequest => {
  const { tools, maxOutputTokens = Number.POSITIVE_INFINITY } = request;
  const most = Math.min(maxOutputTokens, target.maxOutputTokens ?? Number.POSITIVE_INFINITY);
  return asJson({
    operation: "chat",
    model: nameOf(target),
    ...pick(SHAPES, request),
    ...(tools === undefined ? {} : { tools: tools.map((tool) => pick(SHAPES_OF_TOOL, tool)) }),
    ...(Number.isFinite(most) ? { maxOutputTokens: most } : {}),
  });
};

export const embedRequest = (target: ModelTarget, texts: readonly string[]): RecordedRequest =>
  asJson({ operation: "embed", model: nameOf(target), texts });

/** In hexadecimal digits; the order of members makes no difference. */
export const keyOf = (request: RecordedRequest): string =>
  createHash("sha256").update(canonicalJson(request)).digest("hex");
