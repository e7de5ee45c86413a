/** The platform's registry, asked by agents as any other agent is. */
import type { AgentsFound, AgentsListed, RegistryQuery } from "@agentcore/contract/registry-query";
import { agent } from "@agentcore/sdk";
import { expect, test } from "vitest";
import { replay, testAgent } from "./index.ts";

const desk = (name: string, description: string, more: Partial<Parameters<typeof agent>[0]> = {}) =>
  agent({ name, description, run: () => name, ...more });
const tax = desk("tax-desk", "Computes the sales tax of an order", { labels: { team: "money" } });
const parcels = desk("tracker", "Tells where a parcel is", { skills: [{ id: "parcel-status", tags: ["parcels"] }] });
const asker = agent({
  name: "asker",
  description: "Computes the sales tax of an order, and asks who else does",
  skills: [{ id: "parcel-status" }],
  labels: { team: "money" },
  run: ({ input }, ctx) => ctx.query({ capability: "system.registry" }, input),
});

const ask = async (query: RegistryQuery): Promise<AgentsFound> => {
  const world = await testAgent([asker, tax, parcels]);
  const run = await world.run(query);
  await world.close();
  if (run.error !== undefined) throw run.error;
  return run.output as AgentsFound;
};
const namesOf = ({ found }: AgentsFound): readonly string[] => found.map((each) => each.agent);

test("tells who would get a need, a skill, a name or labels, with the score and why, and never the one that asks", async () => {
  const byNeed = await ask({ need: "compute the sales tax of my order" });
  expect(byNeed).toMatchObject({
    found: [{ agent: "tax-desk", latencyMs: 100, costUsd: 0.01, why: expect.stringContaining("tax") }],
    nearest: [],
    waits: false,
  });
  expect(byNeed.reasons.join("\n")).toContain("tax-desk");
  expect(byNeed.found[0]?.skills).toEqual([{ id: "tax-desk", description: "Computes the sales tax of an order" }]);
  expect(namesOf(await ask({ capability: "parcel-status" }))).toEqual(["tracker"]);
  expect(namesOf(await ask({ agent: "tracker" }))).toEqual(["tracker"]);
  expect(namesOf(await ask({ labels: { team: "money" } }))).toEqual(["tax-desk"]);
  expect(namesOf(await ask({ agent: "asker" }))).toEqual([]);
});

test("whom nobody may have is nobody: hard limits, those left out, and a need that nobody meets names who is nearest", async () => {
  const dear = await ask({ need: "compute the sales tax of my order", maxCostUsd: 0.001 });
  expect(dear.found).toEqual([]);
  expect(dear.reasons.join("\n")).toContain("tax-desk costs $0.01, above $0.001");
  expect(namesOf(await ask({ capability: "parcel-status", maxLatencyMs: 1 }))).toEqual([]);
  expect(namesOf(await ask({ capability: "parcel-status", exclude: ["tracker"] }))).toEqual([]);
  const nobody = await ask({ need: "order two tickets for the concert on Friday" });
  expect(nobody).toMatchObject({ found: [], nearest: [{ agent: "tax-desk", why: expect.any(String) }] });
});

test("lists the cards by name, page by page, without the platform's own", async () => {
  const list = async (query: RegistryQuery) => (await ask(query)) as unknown as AgentsListed;
  const first = await list({ list: true, limit: 2 });
  expect(first.agents.map(({ agent: name }) => name)).toEqual(["asker", "tax-desk"]);
  expect(first.nextAfter).toBe("tax-desk");
  const rest = await list({ list: true, after: "tax-desk" });
  expect(rest).toEqual({ agents: [{ agent: "tracker", ...card(parcels) }] });
});

const card = ({ description, skills, labels }: typeof parcels) => ({
  description,
  skills: skills.map((skill) => ({ id: skill.id, description: skill.description })),
  labels,
});

test("a question that is none is refused with what was expected", async () => {
  await expect(ask({ need: "" })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(ask({ what: 1 } as never)).rejects.toThrow("expected one of { need }");
});

test("a command to it is refused, a query's answer is recorded and replayed, and no need or other agent's skill is taken for it", async () => {
  const world = await testAgent([
    agent({
      name: "main",
      description: "Sends what it is told to",
      run: ({ input }, ctx) => ctx.command(input as { agent: string }, { list: true }),
    }),
  ]);
  expect((await world.run({ agent: "agentcore-registry" })).error).toMatchObject({ code: "UNSUPPORTED_OPERATION" });
  expect((await world.run({ capability: "system.registry" })).error).toMatchObject({ code: "UNSUPPORTED_OPERATION" });
  expect((await world.run({ agent: "agentcore-memory" })).error).toMatchObject({ code: "PERMISSION_DENIED" });
  await world.close();

  const asking = await testAgent([asker, tax]);
  const run = await asking.run({ need: "agents of the tenant that would get a piece of work, with scores" });
  expect(run.output).toMatchObject({ found: [] });
  expect(run.events.find(({ type }) => type === "step.completed")?.data).toMatchObject({ kind: "query" });
  expect(await replay(run.events, asker, { taskId: run.taskId })).toEqual({ ok: true });
  await asking.close();

  expect(() => desk("impostor", "Says that it knows", { skills: [{ id: "system.registry" }] })).toThrow(
    "are the platform's own",
  );
  const impostor = {
    ...tax,
    name: "impostor",
    skills: [{ id: "system.registry", name: "", description: "", tags: [] }],
  };
  const deceived = await testAgent([asker, impostor]);
  expect((await deceived.run({ list: true })).output).toMatchObject({ agents: [{}, { agent: "impostor" }] });
  await deceived.close();
});
