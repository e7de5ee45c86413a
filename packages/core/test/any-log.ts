/** Logs of any events in any order between a submission and, often, an end: more than the engine would write. */
import { type NewTaskEvent, TaskEvent } from "@agentcore/contract";
import fc from "fast-check";

const T0 = 1_750_000_000_000;
const error = { code: "AGENT_FAILED" as const, message: "no luck" };
const call = (path: string) => ({ path, kind: "step" as const });

type Data<Type extends NewTaskEvent["type"]> = Extract<NewTaskEvent, { type: Type }>["data"];
const event = <Type extends NewTaskEvent["type"]>(type: Type, data: Data<Type>) => ({ type, data });

// As it comes back from a store: JSON knows no -0.
const anyJson = fc.jsonValue().map((value): unknown => JSON.parse(JSON.stringify(value)));
const part = fc.oneof(
  fc.string().map((text) => ({ text })),
  anyJson.map((data) => ({ data })),
);
const parts = fc.array(part, { minLength: 1, maxLength: 3 });
const message = fc.record({
  messageId: fc.string({ minLength: 1, maxLength: 5 }),
  role: fc.constant("ROLE_USER" as const),
  parts,
});
const anyMiddle = fc.oneof(
  fc.constant(event("task.started", {})),
  fc.constant(event("task.resumed", { reason: "input" })),
  fc.constant(event("task.assigned", { node: "n", attempt: 1 })),
  fc.constant(event("task.cancelRequested", { by: "ann" })),
  fc.constant(event("task.parked", { error })),
  fc
    .record({ share: fc.constantFrom(0, 0.5) })
    .map((data) => event("task.progressed", { ...call("p"), kind: "progress", ...data })),
  parts.map((prompt) => event("task.inputRequired", { ...call("q"), kind: "input", prompt })),
  parts.map((prompt) =>
    event("task.authRequired", { ...call("z"), kind: "authorization", prompt, authorization: { name: "github" } }),
  ),
  fc.constantFrom(
    event("approval.answered", { path: "q", by: "bob", choice: "approve", answer: "1" }),
    event("approval.delegated", { path: "q", by: "bob", to: "carol", answer: "2" }),
    event("approval.refused", { reason: "forged", message: "no", answer: "3" }),
    event("approval.reminded", { path: "q" }),
    event("approval.escalated", { path: "q", to: ["dora"] }),
  ),
  anyJson.map((payload) => event("signal.received", { id: "s", name: "go", by: "ann", payload })),
  fc.constant(event("signal.refused", { path: "w", id: "s", name: "go", reason: "no" })),
  message.map((said) => event("message.added", { message: said })),
  fc
    .record({ artifactId: fc.constantFrom("a", "b"), parts, append: fc.boolean() })
    .map(({ append, ...artifact }) =>
      event("artifact.appended", { ...call("art"), kind: "artifact", artifact, append, lastChunk: true }),
    ),
  anyJson.map((result) => event("step.completed", { ...call("s"), result })),
  fc.constant(event("decision.made", { kind: "routing", choice: null, scores: [], reasons: [] })),
  anyJson.map((state) => event("checkpoint.created", { state })),
);
const anyEnd = fc.oneof(
  anyJson.map((output) => event("task.completed", { output })),
  fc.constant(event("task.failed", { error })),
  fc.constant(event("task.canceled", { reason: "enough" })),
  fc.constant(event("task.rejected", { error })),
);

export const anyLog = fc
  .record({
    first: fc.option(message, { nil: undefined }),
    metadata: fc.option(fc.constant({ source: "test" }), { nil: undefined }),
    middle: fc.array(anyMiddle, { maxLength: 25 }),
    end: fc.option(anyEnd, { nil: undefined }),
  })
  .map(({ first, metadata, middle, end }): readonly TaskEvent[] => {
    const submitted = event("task.submitted", {
      ...{
        agent: "a",
        revision: "r",
        contextId: "c",
        caller: "ann",
        priority: "normal",
        input: 1,
        message: first,
        metadata,
      },
    });
    const all = [submitted, ...middle, ...(end === undefined ? [] : [end])];
    return all.map((each, index) => TaskEvent.parse({ ...each, seq: index + 1, at: T0 + index * 7 }));
  });
