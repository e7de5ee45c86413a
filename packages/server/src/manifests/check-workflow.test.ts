import { API_VERSION, PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { checkManifests } from "./check-manifests.ts";

const RULES = {
  ...{ allowPrivateModels: false, allowPrivateAgents: false, code: true, now: 0 },
  toolRules: { allowPrivate: false, commands: null, folders: null, libraries: [] },
};

const workflow = (spec: Record<string, unknown>, name = "refund") => ({
  apiVersion: API_VERSION,
  kind: "Workflow",
  metadata: { name },
  spec,
});

const refusal = async (...manifests: readonly unknown[]): Promise<PlatformError> => {
  try {
    await checkManifests("acme", manifests, RULES);
  } catch (error) {
    return PlatformError.from(error);
  }
  throw new Error("it was taken");
};
const placesOf = async (spec: Record<string, unknown>) =>
  (await refusal(workflow(spec))).violations?.map(({ field }) => field);

const done = { type: "end" };

test("what is wrong with a graph is refused with every place, as it stands in the manifest", async () => {
  const error = await refusal(
    workflow({
      start: "score",
      nodes: {
        score: { type: "task", target: { agent: "scorer" }, next: "nowhere", input: { amount: "${input.}" } },
        lost: { type: "end", output: "${nodes.skore}" },
      },
    }),
  );
  expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
  expect(error.message).toMatch(/^manifest 1 \(refund\) is not valid: spec\.nodes\./);
  expect(error.violations).toEqual([
    { field: "spec.nodes.score.next", description: 'there is no node "nowhere"' },
    { field: "spec.nodes.lost", description: "no way leads to this node" },
    { field: "spec.nodes.score.input.amount", description: expect.stringContaining("`input.` is not valid") },
    { field: "spec.nodes.lost.output", description: 'nodes.skore: there is no node "skore"' },
  ]);
});

test("a node of an unknown type, a misspelt member and a length of time that is none have their places", async () => {
  expect(await placesOf({ start: "a", nodes: { a: { type: "tusk", next: "z" }, z: done } })).toEqual([
    "spec.nodes.a.type",
  ]);
  expect(
    await placesOf({ start: "a", nodes: { a: { type: "wait", duration: "soon", nxt: "z", next: "z" }, z: done } }),
  ).toEqual(expect.arrayContaining(["spec.nodes.a.duration", "spec.nodes.a"]));
});

test("a function has nobody who would bring it", async () => {
  expect(await placesOf({ start: "a", nodes: { a: { type: "custom", function: "f", next: "z" }, z: done } })).toEqual([
    "spec.nodes.a.function",
  ]);
});

test("topics and schemas are judged too", async () => {
  const nodes = { z: done };
  expect(
    await placesOf({
      start: "z",
      nodes,
      subscribes: ["order.*", "a..b"],
      input: { type: "object", required: ["a"] },
      output: { $ref: "https://example.com" },
    }),
  ).toEqual(["spec.input.required[0]", "spec.output.$ref", "spec.subscribes[1]"]);
});

test("an agent and a workflow of one name are one too many", async () => {
  const agent = { apiVersion: API_VERSION, kind: "Agent", metadata: { name: "refund" }, spec: { model: "m" } };
  expect(await refusal(agent, workflow({ start: "z", nodes: { z: done } }))).toMatchObject({
    message: expect.stringContaining("Agent/refund and Workflow/refund would be one agent"),
  });
});

test("an event has a value where it is waited for, and nowhere else", async () => {
  const nodes = (until: string, where: string) => ({
    start: "pause",
    nodes: {
      pause: { type: "wait", until, next: "hear" },
      hear: { type: "wait", event: { topic: "order.paid", where }, next: "done" },
      done: { type: "end" },
    },
  });
  const refused = await refusal(workflow(nodes("event.payload.until", "event.payload.order == input.order")));
  expect(refused.violations).toEqual([
    { field: "spec.nodes.pause.until", description: expect.stringMatching(/^event: has a value in/) },
  ]);
});

test("a workflow that could only call itself is refused under the name that it is applied by", async () => {
  const nodes = { a: { type: "workflow", workflow: "refund", next: "z" }, z: done };
  expect(await placesOf({ start: "a", nodes })).toEqual(["spec.nodes.a.workflow"]);
  expect(await checkManifests("acme", [workflow({ start: "a", nodes }, "other")], RULES)).toHaveLength(1);
});

test("names of the platform's own agents are nobody else's", async () => {
  for (const name of ["agentcore-orchestrator", "agentcore-debounce"])
    expect(await refusal(workflow({ start: "z", nodes: { z: done } }, name))).toMatchObject({
      violations: [{ field: "metadata.name", description: `${name} is the platform's own; expected another name` }],
    });
});
