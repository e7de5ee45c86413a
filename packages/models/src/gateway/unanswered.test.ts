import { type ErrorCode, PlatformError } from "@agentcore/contract/errors";
import { expect, test } from "vitest";
import type { ModelTarget } from "../model-target.ts";
import type { FailedTry } from "./ask-in-turn.ts";
import { unanswered } from "./unanswered.ts";

const target = (id: string): ModelTarget => ({
  ...{ id, name: id, provider: "openai-compatible", model: id, isDeclared: true },
  ...{ timeoutMs: 1_000, firstTokenTimeoutMs: 1_000 },
});
const limited = (retryAfterMs: number): FailedTry => ({
  ...{ target: target("limited"), because: "limited" },
  error: new PlatformError("OVERLOADED", "its limit is used up", { retryAfterMs }),
});
const failed = (retryAfterMs?: number): FailedTry => ({
  ...{ target: target("failed"), because: "failed" },
  error: new PlatformError("UPSTREAM_FAILED", "it failed (500)", {
    retryable: true,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }),
});
const refused = (code: ErrorCode): FailedTry => ({
  ...{ target: target("refused"), because: "refused" },
  error: new PlatformError(code, "not so", { retryable: false }),
});

test.each([
  ["of limited ones, when the first is free", [limited(20_000), limited(5_000)], 5_000],
  ["of failed ones that say when, the first", [failed(40_000), failed(300_000)], 40_000],
  ["of failed ones that do not, nothing: whoever asks has a pause of its own", [failed(), failed()], undefined],
  ["of both, when the first is free, for trying at once would use up the tries", [failed(), limited(20_000)], 20_000],
  ["of both not at once", [limited(50), failed()], 1_000],
  ["of both not after minutes, since the failed one may be well", [failed(300_000), failed()], 60_000],
  ["who refused counts for nothing", [refused("MODEL_NOT_CONFIGURED"), limited(20_000)], 20_000],
])("when to ask again: %s", (_, tries, retryAfterMs) => {
  expect(unanswered("desk", tries)).toMatchObject({ retryable: true, retryAfterMs });
});

test("what all of them refused alike is refused so; of others it is the models that failed", () => {
  const [cannot, missing] = [refused("INVALID_ARGUMENT"), refused("MODEL_NOT_CONFIGURED")];
  expect(unanswered("desk", [cannot, cannot])).toMatchObject({ code: "INVALID_ARGUMENT", retryable: false });
  expect(unanswered("desk", [cannot, missing])).toMatchObject({ code: "UPSTREAM_FAILED", retryable: false });
  expect(unanswered("desk", [limited(1), limited(1)])).toMatchObject({ code: "OVERLOADED" });
});
