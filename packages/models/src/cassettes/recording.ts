import type { ModelUsage } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import type { TargetCaller } from "../call/create-target-caller.ts";
import { failedUsageOf, withFailedUsage } from "../call/failed-usage.ts";
import type { CassetteWriter } from "./cassette.ts";
import type { RecordedCall } from "./recorded-call.ts";
import { chatRequest, embedRequest, keyOf, type RecordedRequest } from "./recorded-request.ts";
import { withoutSecrets } from "./without-secrets.ts";

// They say what this machine lacks, and nothing of the provider.
const OF_THIS_MACHINE: ReadonlySet<string> = new Set(["MODEL_NOT_CONFIGURED", "CONFIG_INVALID", "NOT_INSTALLED"]);

type Outcome = Pick<RecordedCall, "answer" | "vectors" | "error" | "failedUsage">;

/** What differs between the calls that are recorded. */
interface Recordable<Result> {
  readonly request: RecordedRequest;
  readonly signal: AbortSignal;
  readonly call: () => Promise<Result>;
  readonly outcomeOf: (result: Result) => Outcome;
  readonly usageOf: (result: Result) => ModelUsage;
  /** Undefined: not streamed. */
  readonly pieces?: readonly string[] | undefined;
}

/**
 * Calls as `caller` does, and keeps what comes of it: answers, and errors of providers. A call that was aborted is not kept. One that cannot be kept
 * rejects as `CassetteWriter.add` does: a run with gaps is no recording. `secrets` are values that are never written.
 */
export const recording = (
  caller: TargetCaller,
  cassette: CassetteWriter,
  secrets: () => readonly string[] = () => [],
): TargetCaller => {
  const record = async <Result>({ request, signal, call, pieces, ...of }: Recordable<Result>): Promise<Result> => {
    const keep = (outcome: Outcome): Promise<void> =>
      cassette.add({
        ...{ version: 1, key: keyOf(request) },
        ...withoutSecrets({ request, ...(pieces === undefined ? {} : { pieces }), ...outcome }, secrets()),
      });
    let result: Result;
    try {
      result = await call();
    } catch (error) {
      if (!signal.aborted && PlatformError.is(error) && !OF_THIS_MACHINE.has(error.code))
        await keep({ error: error.toJSON(), failedUsage: failedUsageOf(error)?.usage });
      throw error;
    }
    try {
      await keep(of.outcomeOf(result));
    } catch (error) {
      throw PlatformError.is(error) ? withFailedUsage(error, { usage: of.usageOf(result) }) : error;
    }
    return result;
  };

  return {
    call(target, request, options) {
      const { signal, onText } = options;
      const pieces: string[] = [];
      const listen = (text: string): void => {
        pieces.push(text);
        onText?.(text);
      };
      return record({
        request: chatRequest(target, request),
        signal,
        call: () => caller.call(target, request, onText === undefined ? options : { ...options, onText: listen }),
        outcomeOf: (answer) => ({ answer }),
        usageOf: ({ response }) => response.usage,
        pieces: onText === undefined ? undefined : pieces,
      });
    },
    embed: (target, texts, options) =>
      record({
        request: embedRequest(target, texts),
        signal: options.signal,
        call: () => caller.embed(target, texts, options),
        outcomeOf: (vectors) => ({ vectors }),
        usageOf: ({ usage }) => usage,
      }),
  };
};
