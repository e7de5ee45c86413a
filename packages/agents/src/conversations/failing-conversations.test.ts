import { strategySuite, testAgent } from "@agentcore/testing";
import { describe, expect, test } from "vitest";
import { groupChat } from "./group-chat.ts";
import { handoff } from "./handoff.ts";
import { swarm } from "./swarm.ts";
import type { Turn } from "./turn.ts";

interface Told {
  readonly conversation: readonly Turn[];
  readonly colleagues: readonly { readonly name: string }[];
}
const turnsIn = (input: unknown): number => (input as Told).conversation.length;

const desk = () => handoff({ name: "desk", members: [{ agent: "billing" }, { agent: "tech" }], maxHandoffs: 50 });
const peers = {
  billing: () => ({ handoff: { to: "tech", reason: "This is yours, not mine." } }),
  tech: () => ({ handoff: { to: "billing", reason: "This is yours, not mine." } }),
};

describe("work that is handed back and forth", () => {
  const run = async (crashAt?: number) => {
    const world = await testAgent(desk(), { peers, ...(crashAt === undefined ? {} : { crashAt }) });
    const run = await world.run("my money!");
    await world.close();
    const decided = run.events.flatMap((event) =>
      event.type === "decision.made" && /failure-mode|going-round/.test(event.data.path ?? "") ? [event.data] : [],
    );
    return { error: run.error, decided, commands: run.events.filter(({ type }) => type === "step.completed").length };
  };

  test("is stopped with the mode in the error and, with who and where, in the log", async () => {
    const { error, decided, commands } = await run();
    expect(error).toMatchObject({
      ...{ code: "LOOP_DETECTED", message: expect.stringMatching(/goes round: 6 turns in a row said nothing/) },
      details: { failureMode: "step-repetition", turns: [1, 2, 3, 4, 5, 6] },
    });
    expect(commands).toBe(7);
    expect(decided).toMatchObject([
      { kind: "choice", choice: "step-repetition", reasons: [expect.any(String), "billing, turns 2, 3, 4, 5, 6, 7"] },
      { kind: "choice", choice: "stop" },
    ]);
  });

  test("is stopped at the same turn, in the same words, wherever the process dies", async () => {
    const { error } = await run();
    for (const crashAt of [2, 6, 10, 13, 15]) expect((await run(crashAt)).error, `crash at ${crashAt}`).toEqual(error);
  });
});

const noted = () =>
  groupChat({
    name: "noted",
    members: { writer: { agent: "writer" }, critic: { agent: "critic", description: "Reviews every text" } },
    manager: { agent: "editor" },
  });
const talkers = {
  writer: () => "Tea. Hot.",
  critic: () => "Fine.",
  // Ends without the critic.
  editor: (input: unknown) => (turnsIn(input) === 0 ? { next: "writer" } : { done: true, answer: "Tea. Hot." }),
};

test("what is only likely is noted, and the work goes on", async () => {
  const world = await testAgent(noted(), { peers: talkers });
  const run = await world.run("A slogan for tea");
  expect(run.output).toMatchObject({ answer: "Tea. Hot." });
  const decided = run.events.flatMap((event) => (event.type === "decision.made" ? [event.data] : []));
  expect(decided.filter(({ path }) => path?.startsWith("decision:failure-mode"))).toMatchObject([
    {
      choice: "no-or-incomplete-verification",
      reasons: ['it ended without a word of critic, who is there to check: "Reviews every text"', "manager, turn 2"],
    },
  ]);
  expect(decided.map(({ choice }) => choice)).not.toContain("stop");
  await world.close();
});

test("who was not needed, and who gives the tasks, are no failure; the last turn is told of once", async () => {
  const modesOf = async (members: Readonly<Record<string, { agent: string; description?: string }>>, reply: string) => {
    const world = await testAgent(swarm({ name: "desk", members }), { peers: { front: () => reply, back: () => "" } });
    const { events, output } = await world.run("The lamp is broken. Answer in JSON.");
    await world.close();
    expect(output).toMatchObject({ by: "front" });
    return events.flatMap(({ type, data }) =>
      type === "decision.made" && data.path?.startsWith("decision:failure-mode") ? [data.choice] : [],
    );
  };
  const members = { front: { agent: "front" }, reviewer: { agent: "back", description: "Reviews contracts" } };
  expect(await modesOf(members, '{ "lamp": "sent" }')).toEqual([]);
  expect(await modesOf(members, "A new lamp is on its way.")).toEqual(["disobey-task-specification"]);
});

strategySuite({
  name: "a group chat of which something is noted",
  agent: noted,
  input: "A slogan for tea",
  peers: talkers,
  output: { answer: "Tea. Hot.", turns: [{ speaker: "writer", text: "Tea. Hot." }] },
  test,
});
