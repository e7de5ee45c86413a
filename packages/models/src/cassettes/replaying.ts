import { CancelledError, PlatformError } from "@agentcore/contract/errors";
import type { TargetCaller } from "../call/create-target-caller.ts";
import { withFailedUsage } from "../call/failed-usage.ts";
import type { CassetteReader } from "./cassette.ts";
import type { RecordedCall } from "./recorded-call.ts";
import { chatRequest, embedRequest, keyOf, type RecordedRequest } from "./recorded-request.ts";
import { recordingMissing } from "./recording-missing.ts";

/**
 * Answers from what was recorded, and calls nobody. The same request gets its answers in the order they came in, the last one for all that follow;
 * the order begins anew with each `replaying`. Streams come in their pieces, at once. Rejects with what was recorded as an error, and with
 * RECORDING_MISSING, which shows in what the request differs from the nearest that there is; `onMissing` hears where it was looked for.
 */
export const replaying = (
  cassette: CassetteReader,
  onMissing: (location: string, model: string) => void = () => {},
): TargetCaller => {
  /** How often each key was asked; only of keys that are recorded. */
  const asked = new Map<string, number>();

  const find = async (request: RecordedRequest, signal: AbortSignal): Promise<RecordedCall> => {
    if (signal.aborted) throw abortOf(signal);
    const key = keyOf(request);
    // Counted before anything is awaited: of calls at once, each gets a place of its own.
    const place = (asked.get(key) ?? 0) + 1;
    asked.set(key, place);
    const call = await cassette.find(request, key, place);
    if (call !== null) return call;
    asked.delete(key);
    onMissing(cassette.location, request.model);
    throw recordingMissing(request, await cassette.similar(request));
  };

  return {
    async call(target, request, { signal, onText }) {
      const { answer, error, failedUsage, pieces } = await find(chatRequest(target, request), signal);
      if (onText !== undefined) for (const text of pieces ?? wholeOf(answer?.response.text)) onText(text);
      if (answer !== undefined) return answer;
      throw failureOf(error, failedUsage);
    },
    async embed(target, texts, { signal }) {
      const { vectors, error, failedUsage } = await find(embedRequest(target, texts), signal);
      if (vectors !== undefined) return vectors;
      throw failureOf(error, failedUsage);
    },
  };
};

const wholeOf = (text = ""): readonly string[] => (text === "" ? [] : [text]);

const failureOf = (error: RecordedCall["error"], usage: RecordedCall["failedUsage"]): PlatformError => {
  const failure = PlatformError.fromJSON(
    error ?? { code: "CONFIG_INVALID", message: "the recording holds no answer of this kind" },
  );
  return usage === undefined ? failure : withFailedUsage(failure, { usage });
};

const abortOf = (signal: AbortSignal): PlatformError =>
  PlatformError.is(signal.reason)
    ? signal.reason
    : new CancelledError("the model call was aborted", { cause: signal.reason });
