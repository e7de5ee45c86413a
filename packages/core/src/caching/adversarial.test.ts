/**
 * Calls that join, leave, fail and end in any order, on two nodes of one store. Whatever happens: each call ends, with an answer to its own question in its own
 * tenant; what a model call gave beside its answer goes to one caller at most; and nothing is left waiting.
 */
import type { ModelResponse } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createMemoryKeyValue } from "../inprocess/memory-key-value.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { createFnvDigest, createRecordingLogger } from "../testing/test-senses.ts";
import { ModelCache } from "./model-cache.ts";

const TENANTS = ["one", "two"] as const;
const WORDINGS = ["What is it?", "what is  it", "Where is it?"] as const;
const FINISHES = ["stop", "stop", "length"] as const;
const FAILURES = ["UPSTREAM_FAILED", "BUDGET_EXCEEDED"] as const;

const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("ask" as const), node: fc.nat(1), tenant: fc.nat(1), wording: fc.nat(2) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("leave" as const), which: fc.nat(30) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("answer" as const), which: fc.nat(30), finish: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("fail" as const), which: fc.nat(30), failure: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(0, 0, 150, 20_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear" as const), tenant: fc.nat(1), node: fc.nat(1) }) },
);

interface Pending {
  readonly meaning: string;
  resolve(response: ModelResponse): void;
  reject(error: unknown): void;
}

const meaningOf = (tenant: string, wording: string): string =>
  `${tenant} ${wording
    .toLowerCase()
    .replaceAll(/[^a-z]+/g, " ")
    .trim()}`;
const usage = { inputTokens: 1, outputTokens: 1 };

test("any order of calls, ends and failures keeps to its questions and leaves nothing behind", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 60 }), fc.boolean(), async (actions, acrossNodes) => {
      const clock = new ManualClock();
      const keyValue = createMemoryKeyValue({ clock });
      const logger = createRecordingLogger();
      const nodes = TENANTS.map(
        () => new ModelCache({ keyValue, clock, digest: createFnvDigest(), logger, acrossNodes }),
      );
      const pending: Pending[] = [];
      const leaving: AbortController[] = [];
      const calls: Promise<void>[] = [];
      const taken = new Set<number>();
      let produced = 0;
      for (const step of actions) {
        if (step.kind === "ask") {
          const [tenantId, content] = [TENANTS[step.tenant] ?? "one", WORDINGS[step.wording] ?? ""];
          const meaning = meaningOf(tenantId, content);
          const controller = new AbortController();
          leaving.push(controller);
          const question = {
            ...{ tenantId, model: "m", settings: {}, signal: controller.signal },
            request: { messages: [{ role: "user" as const, content }] },
          };
          const call = nodes[step.node]?.answer(question, async (signal) => {
            const number = ++produced;
            const response = await new Promise<ModelResponse>((resolve, reject) => {
              pending.push({ meaning, resolve, reject });
              signal.addEventListener("abort", () => reject(signal.reason), { once: true });
            });
            return { response, number };
          });
          calls.push(
            (call ?? Promise.reject(new Error("no node"))).then(
              (outcome) => {
                expect(outcome.response.text).toBe(meaning);
                if (outcome.produced === null) return expect(outcome.response.cache).toBeDefined();
                expect(taken.has(outcome.produced.number)).toBe(false);
                taken.add(outcome.produced.number);
              },
              (error: unknown) => expect(PlatformError.is(error)).toBe(true),
            ),
          );
        } else if (step.kind === "leave") leaving[step.which]?.abort(new PlatformError("CANCELED", "left"));
        else if (step.kind === "answer") {
          const call = pending[step.which];
          const finishReason = FINISHES[step.finish] ?? "stop";
          call?.resolve({ text: call.meaning, toolCalls: [], finishReason, usage });
        } else if (step.kind === "fail")
          pending[step.which]?.reject(new PlatformError(FAILURES[step.failure] ?? "UPSTREAM_FAILED", "no"));
        else if (step.kind === "clear") await nodes[step.node]?.clear(TENANTS[step.tenant] ?? "one");
        else await clock.advance(step.ms);
        await clock.turn();
      }
      // All that still wait are answered, whoever begins to ask meanwhile.
      for (let round = 0; round < 40; round += 1) {
        for (const { meaning, resolve } of pending)
          resolve({ text: meaning, toolCalls: [], finishReason: "stop", usage });
        await clock.advance(5_000);
      }
      await Promise.all(calls);
      await Promise.all(nodes.map((node) => node.close()));
      await clock.advance(20_000);
      expect(clock.nextTimerAt()).toBeNull();
      for (const tenantId of TENANTS)
        expect(await keyValue.list({ tenantId, namespace: "model-cache" }, { prefix: "asking/" })).toEqual([]);
      expect(logger.records).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
