import { type AgentAnswer, agent, PlatformError } from "@agentcore/sdk";
import { expect, test } from "vitest";
import { testAgent } from "./index.ts";

const desk = (name: string, answer: () => unknown) =>
  agent({ name, description: name, labels: { team: "risk" }, answer, run: () => name });
const PEERS = {
  calm: desk("calm", () => ({ score: 1 })),
  closed: desk("closed", () => {
    throw new PlatformError("PERMISSION_DENIED", "not for you", {
      details: { since: new Date(0) },
      violations: [{ field: "topic", description: "expected another" }],
    });
  }),
  odd: desk("odd", () => new Date(0)),
  broken: desk("broken", () => {
    throw new Error("bug");
  }),
};

test("a query by labels gives and records each agent's outcome as plain data, and a replay the same", async () => {
  const asker = agent({
    name: "asker",
    description: "asks everybody",
    async run(_, ctx) {
      const answers = await ctx.query<AgentAnswer<{ score: number }>[]>({ labels: { team: "risk" } }, {});
      await ctx.step("after", () => "recorded");
      return answers;
    },
  });
  const expected = [
    { agent: "calm", status: "fulfilled", value: { score: 1 } },
    { agent: "closed", status: "rejected", error: { code: "PERMISSION_DENIED", message: "not for you" } },
    {
      agent: "odd",
      status: "rejected",
      error: {
        code: "RESULT_NOT_SERIALISABLE",
        message: expect.stringMatching(/^the answer of agent odd: it is a Date/),
      },
    },
    { agent: "broken", status: "rejected", error: { code: "AGENT_FAILED", message: "bug" } },
  ];
  const undisturbed = await testAgent(asker, { peers: PEERS });
  const run = await undisturbed.run();
  expect(run.output).toEqual(expected);
  await undisturbed.close();
  const crashed = await testAgent(asker, { peers: PEERS, crashAt: "step:after" });
  expect((await crashed.run()).output).toEqual(expected);
  expect(crashed.effects.filter((effect) => effect === "answer:calm")).toHaveLength(1);
  await crashed.close();
});

test("a command to labels is refused before anybody gets it, and says what to do instead", async () => {
  const asker = agent({
    name: "asker",
    description: "sends everybody the same",
    run: (_, ctx) => ctx.command({ labels: { team: "risk" } }, {}),
  });
  const it = await testAgent(asker, { peers: PEERS });
  const run = await it.run();
  expect(run.error).toMatchObject({
    code: "TARGET_UNSUPPORTED",
    message:
      "labels:team=risk is no target of a command, which becomes the task of one agent; send one command each, to agent:… or capability:…, or ask them all with a query",
    violations: [{ field: "target" }],
  });
  await expect(it.run({}, { target: { labels: { team: "risk" } } })).rejects.toMatchObject({
    code: "TARGET_UNSUPPORTED",
  });
  await it.close();
});
