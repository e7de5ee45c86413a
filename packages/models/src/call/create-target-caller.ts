import { AsyncLocalStorage } from "node:async_hooks";
import type { ModelRequest, ModelUsage } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import {
  createGuardedFetch,
  type GuardedCall,
  type GuardedFetch,
  type Lookup,
  type OutboundPolicy,
} from "@agentcore/outbound";
import type { LanguageModelV4, SharedV4Warning } from "@ai-sdk/provider";
import type { Environment } from "../environment.ts";
import { isAsMade, type Made, makeBy } from "../made-by-environment.ts";
import type { ModelTarget, TargetAnswer } from "../model-target.ts";
import { type OpenTarget, openTarget } from "../providers/open-provider.ts";
import { RunningModels } from "../providers/running-models.ts";
import { type AnswerParts, createAnswerParts } from "./answer-parts.ts";
import { connectionOf, type TargetConnection } from "./connection-of.ts";
import { countBytes } from "./count-bytes.ts";
import { type Deadlines, startDeadlines } from "./deadlines.ts";
import { embedTexts, type TargetVectors } from "./embed-texts.ts";
import { withFailedUsage } from "./failed-usage.ts";
import { renderRequest } from "./render-request.ts";
import { isRefusal, toAbortError, toPlatformError, toTimeoutError, unreadBytes } from "./to-platform-error.ts";
import { estimateUsage, usageOf } from "./usage-of.ts";

export interface TargetCallerOptions {
  readonly env: Environment;
  /** Whether Model manifests may name addresses of private networks. @default false */
  readonly allowPrivate?: boolean | undefined;
  /** Resolves the names of hosts. @default the system's resolver */
  readonly lookup?: Lookup | undefined;
}

export interface TargetCallOptions {
  readonly signal: AbortSignal;
  /** Hears text as it comes; the answer is streamed then. */
  readonly onText?: ((text: string) => void) | undefined;
  /** `countBytes` of the request, where it is known already: of a long conversation that takes a while. */
  readonly sentBytes?: number | undefined;
}

export interface EmbedOptions {
  readonly signal: AbortSignal;
  /** Whose texts they are: those of one wait for each other where a model runs within the node. */
  readonly tenantId: string;
}

/**
 * Calls one target once, and neither tries again nor runs tools. Throws MODEL_NOT_CONFIGURED, CONFIG_INVALID, NOT_INSTALLED, INVALID_ARGUMENT for what
 * the provider cannot be asked, TOO_LARGE over 16 MiB, and UPSTREAM_FAILED, which is retryable after 408, 409, 429, 5xx, timeouts, network
 * failures, streams that break off and unreadable answers. No secret appears in an error; what a failed call cost, `failedUsageOf` knows.
 */
export interface TargetCaller {
  call(target: ModelTarget, request: ModelRequest, options: TargetCallOptions): Promise<TargetAnswer>;
  /** A vector for each of the texts, in their order; all of one length. */
  embed(target: ModelTarget, texts: readonly string[], options: EmbedOptions): Promise<TargetVectors>;
}

// On the wire a stream wraps each token in some hundred bytes; a whole answer is about as long as what is in it.
const MAX_STREAM_BYTES = 64 * 1024 * 1024;
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

interface Opened {
  readonly connection: TargetConnection;
  readonly open: Promise<OpenTarget>;
}

/** A caller with connections of its own, which are kept between calls. */
export interface ConnectedTargetCaller extends TargetCaller {
  /** Closes them, those under way, and the models that run within the node. */
  close(): Promise<void>;
}

export const createTargetCaller = ({
  env,
  allowPrivate = false,
  lookup,
}: TargetCallerOptions): ConnectedTargetCaller => {
  const attempts = new AsyncLocalStorage<GuardedCall>();
  // Opening one takes about a millisecond, so each is open while its target is known, and its key is the same.
  const opened = new WeakMap<ModelTarget, Made<Opened>>();
  // One of each policy, of which there are four: what may go over a connection is judged when it is opened.
  const fetches = new Map<string, GuardedFetch>();
  const running = new RunningModels();

  const fetchBy = (policy: OutboundPolicy): GuardedFetch => {
    const key = JSON.stringify(policy);
    const known = fetches.get(key) ?? createGuardedFetch({ ...policy, lookup, keepsConnections: true });
    fetches.set(key, known);
    return known;
  };

  const openKnown = (target: ModelTarget): Opened => {
    const known = opened.get(target);
    if (known !== undefined && isAsMade(known, env)) return known.value;
    const made = makeBy(env, (noted) => {
      const connection = connectionOf(target, noted, allowPrivate);
      const guardedFetch = fetchBy(connection.policy);
      const fetch: typeof globalThis.fetch = (input, init) => guardedFetch(input, init, attempts.getStore());
      const open = openTarget(target, { ...connection, fetch, running });
      open.catch(() => opened.delete(target));
      return { connection, open };
    });
    opened.set(target, made);
    return made.value;
  };

  /** Runs `work` against the target, with all that its failure means. */
  const attempt = async <Result>(
    target: ModelTarget,
    { signal, isStreamed, usage }: { signal: AbortSignal; isStreamed: boolean; usage: (error: unknown) => ModelUsage },
    work: (open: OpenTarget, deadlines: Deadlines, connection: TargetConnection) => Promise<Result>,
  ): Promise<Result> => {
    if (signal.aborted) throw toAbortError(signal);
    const { connection, open: opening } = openKnown(target);
    const open = await opening;
    const { timeoutMs, firstTokenTimeoutMs } = target;
    const deadlines = startDeadlines(signal, timeoutMs, isStreamed ? firstTokenTimeoutMs : undefined);
    // Whether the provider has all of the request, and may bill it.
    let isSent = false;
    const sending: GuardedCall = {
      maxAnswerBytes: isStreamed ? MAX_STREAM_BYTES : MAX_ANSWER_BYTES,
      onSent: () => {
        isSent = true;
      },
    };
    let isFailed = true;
    try {
      const result = await attempts.run(sending, () => work(open, deadlines, connection));
      isFailed = false;
      return result;
    } catch (error) {
      const call = { modelName: target.name, host: connection.host, apiKeyEnv: target.apiKeyEnv };
      const failed = { ...call, secrets: connection.secrets };
      const isBilled = isSent && !isRefusal(error);
      const bill = (failure: PlatformError): PlatformError =>
        isBilled ? withFailedUsage(failure, { usage: usage(error) }) : failure;
      if (signal.aborted) throw bill(toAbortError(signal));
      if (deadlines.expired !== undefined) throw bill(toTimeoutError(failed, deadlines.expired));
      throw bill(toPlatformError(error, failed));
    } finally {
      deadlines.end(isFailed);
    }
  };

  return {
    async call(target, request, { signal, onText, sentBytes: sent = countBytes(request) }) {
      const startedAt = performance.now();
      let firstTokenMs: number | undefined;
      let parts: AnswerParts | undefined;
      const usage = (error: unknown): ModelUsage => {
        const { outputTokens, ...estimate } = estimateUsage({
          sent,
          received: parts === undefined || parts.receivedBytes === 0 ? unreadBytes(error) : parts.receivedBytes,
        });
        return { ...estimate, outputTokens: Math.min(outputTokens, request.maxOutputTokens ?? outputTokens) };
      };
      const isStreamed = onText !== undefined;
      return attempt(target, { signal, isStreamed, usage }, async ({ languageModel }, deadlines, { host }) => {
        if (languageModel === undefined)
          throw new PlatformError(
            "INVALID_ARGUMENT",
            `model "${target.name}": ${target.provider} has no models that answer, only those that make vectors of text`,
          );
        const options = { ...renderRequest(target, request), abortSignal: deadlines.signal };
        const onFirstToken = (): void => {
          firstTokenMs = Math.round(performance.now() - startedAt);
          deadlines.begin();
        };
        parts = createAnswerParts(host, isStreamed ? { onFirstToken, onText } : {});
        const warnings = isStreamed
          ? await readStream(languageModel, options, parts)
          : await readAnswer(languageModel, options, parts);
        const ignored = warnings.flatMap(toIgnored);
        return {
          response: {
            ...parts.response(),
            usage: usageOf(parts.usage, { sent, received: parts.receivedBytes }),
            model: `${target.provider}/${target.model}`,
          },
          ...(firstTokenMs === undefined ? {} : { firstTokenMs }),
          durationMs: Math.round(performance.now() - startedAt),
          ...(ignored.length === 0 ? {} : { ignored }),
        };
      });
    },

    async embed(target, texts, { signal, tenantId }) {
      const sent = texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0);
      const usage = (): ModelUsage => estimateUsage({ sent, received: 0 });
      return attempt(target, { signal, isStreamed: false, usage }, ({ embeddingModel }, deadlines) => {
        if (embeddingModel === undefined)
          throw new PlatformError(
            "INVALID_ARGUMENT",
            `model "${target.name}": ${target.provider} has no models that make vectors of text`,
          );
        return embedTexts(embeddingModel, texts, { sentBytes: sent, tenantId, signal: deadlines.signal });
      });
    },

    async close() {
      for (const { close } of fetches.values()) close();
      await running.close();
    },
  };
};

type CallOptions = Parameters<LanguageModelV4["doGenerate"]>[0];

const readAnswer = async (
  model: LanguageModelV4,
  options: CallOptions,
  parts: AnswerParts,
): Promise<readonly SharedV4Warning[]> => {
  const result = await model.doGenerate(options);
  parts.addResult(result);
  return result.warnings;
};

const readStream = async (
  model: LanguageModelV4,
  options: CallOptions,
  parts: AnswerParts,
): Promise<readonly SharedV4Warning[]> => {
  const { stream } = await model.doStream(options);
  const reader = stream.getReader();
  let warnings: readonly SharedV4Warning[] = [];
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (next.value.type === "stream-start") warnings = next.value.warnings;
    else parts.addPart(next.value);
  }
  parts.finishStream();
  return warnings;
};

/** What of a request the provider was not asked, or not as it says. */
const toIgnored = (warning: SharedV4Warning): readonly string[] =>
  warning.type === "unsupported" || warning.type === "compatibility"
    ? [warning.details === undefined ? warning.feature : `${warning.feature}: ${warning.details}`]
    : [];
