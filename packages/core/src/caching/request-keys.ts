/** Under what an answer is kept: hashes of everything that shapes it, the tenant included. */
import type { ModelMessage, ModelRequest } from "@agentcore/contract/authoring";
import { canonicalJson } from "../payloads/canonical-json.ts";
import type { Digest } from "../ports/index.ts";
import { normaliseMessages } from "./normalise-messages.ts";

/** What is asked, of which model, for whom. */
export interface Asked {
  readonly tenantId: string;
  /** The model that answers, as `provider/model` or the Model manifest's name with what it stands for: not merely what the request calls it. */
  readonly model: string;
  readonly request: ModelRequest;
}

export interface RequestKeys {
  /** 64 hexadecimal digits, as the others. */
  readonly exact: string;
  /** Equal for requests that are written a little differently. */
  readonly content: string;
  readonly plain: PlainQuestion | null;
}

/** One user message, besides system messages, and no tools: what answers are found for by meaning. */
export interface PlainQuestion {
  readonly text: string;
  /** Hash of all the rest: answers of other partitions answer another question. */
  readonly partition: string;
}

/** A question over it is no short one that a vector stands for well, nor that the guards judge fast. */
export const MAX_PLAIN_CHARACTERS = 2_000;

type Part = (request: ModelRequest) => unknown;

const asIs =
  <Member extends keyof ModelRequest>(member: Member): Part =>
  (request) =>
    request[member];

/** Each member of a request either shapes the answer, and is part of the keys, or says why it does not: the type refuses a new member that is in neither. */
export const REQUEST_MEMBERS: { readonly [Member in keyof Required<ModelRequest>]: Part | string } = {
  model: "what it stands for is in the key, as `Asked.model`",
  messages: asIs("messages"),
  tools: ({ tools }) =>
    tools?.map(({ name, description, inputJsonSchema }) => ({ name, description, input: inputJsonSchema })),
  toolChoice: asIs("toolChoice"),
  output: asIs("output"),
  temperature: asIs("temperature"),
  topP: asIs("topP"),
  stop: asIs("stop"),
  seed: asIs("seed"),
  maxOutputTokens: asIs("maxOutputTokens"),
  key: "names the call in its task's log",
  retry: "says how often to ask, not what",
  timeoutMs: "says how long to wait, not what for",
  cache: "says whether to look here at all",
  artifact: "says where the answer goes",
};

const shaping = Object.entries(REQUEST_MEMBERS).filter(
  (entry): entry is [string, Part] => typeof entry[1] !== "string",
);

/** The exact key is made at once, the others when they are first asked for: most questions that are asked again need no more. */
export const keysOf = (digest: Pick<Digest, "sha256">, { tenantId, model, request }: Asked): RequestKeys => {
  const parts: Record<string, unknown> = { tenantId, model };
  for (const [name, part] of shaping) parts[name] = part(request);
  const hash = (level: string, changed: object): string =>
    digest.sha256(canonicalJson([level, { ...parts, ...changed }]));
  let content: string | null = null;
  let plain: PlainQuestion | null | undefined;
  return {
    exact: hash("exact", {}),
    get content() {
      return (content ??= hash("content", { messages: normaliseMessages(request.messages) }));
    },
    get plain() {
      if (plain !== undefined) return plain;
      const text = plainTextOf(request);
      const partition = (): string => hash("semantic", { messages: systemOf(request.messages) });
      return (plain = text === null ? null : { text, partition: partition() });
    },
  };
};

const systemOf = (messages: readonly ModelMessage[]): readonly ModelMessage[] =>
  messages.filter(({ role }) => role === "system");

const plainTextOf = ({ messages, tools = [] }: ModelRequest): string | null => {
  const [question, ...others] = messages.filter(({ role }) => role !== "system");
  // A system message after the question may speak of it.
  if (question?.role !== "user" || others.length > 0 || messages.at(-1) !== question || tools.length > 0) return null;
  const text = question.content.normalize("NFC").replace(/\s+/gu, " ").trim();
  return text.length === 0 || text.length > MAX_PLAIN_CHARACTERS ? null : text;
};
