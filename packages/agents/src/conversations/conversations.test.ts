import type { TaskEvent } from "@agentcore/contract";
import { type ScriptedAnswer, strategySuite, testAgent } from "@agentcore/testing";
import { describe, expect, test } from "vitest";
import { crew } from "./crew.ts";
import { groupChat } from "./group-chat.ts";
import { handoff } from "./handoff.ts";
import { network } from "./network.ts";
import { swarm } from "./swarm.ts";
import type { Turn } from "./turn.ts";

interface Told {
  readonly you: string;
  readonly task: string;
  readonly conversation: readonly Turn[];
  readonly colleagues: readonly { readonly name: string }[];
  readonly state: Readonly<Record<string, unknown>>;
  readonly inbox: readonly { readonly from: string; readonly text: string }[];
  readonly handedOver?: { readonly context?: unknown };
  readonly refused?: string;
  readonly ask?: string;
}
/** A member, as a function of what it is told. */
const member = (speak: (told: Told) => unknown) => (input: unknown) => speak(input as Told);
const says = (value: unknown): ScriptedAnswer => ({ text: JSON.stringify(value) });
const decisionsOf = (events: readonly TaskEvent[]): readonly string[] =>
  events.flatMap(({ type, data }) =>
    type === "decision.made" && data.kind === "choice"
      ? [`${data.path?.replace("decision:", "")} → ${data.choice}`]
      : [],
  );

const desk = { members: [{ agent: "triage" }, { agent: "billing" }, { agent: "tech" }] };

describe("handoff", () => {
  const triage = () => ({ handoff: { to: "billing", reason: "it is about money", context: { order: 7 } } });

  test("a member hands over with what was said and what the other should know, until one answers", async () => {
    const told: Told[] = [];
    const world = await testAgent(handoff({ name: "desk", ...desk }), {
      peers: {
        triage,
        billing: (input: unknown) => {
          told.push(input as Told);
          return "paid back";
        },
        tech: () => "?",
      },
    });
    const run = await world.run("my money!");
    expect(run.output).toEqual({
      ...{ answer: "paid back", by: "billing" },
      turns: [
        { speaker: "triage", text: "it is about money", to: "billing" },
        { speaker: "billing", text: "paid back" },
      ],
    });
    expect(told[0]).toMatchObject({
      ...{ you: "billing", task: "my money!", colleagues: [{ name: "triage" }, { name: "tech" }] },
      conversation: [{ speaker: "triage", text: "it is about money", to: "billing" }],
      handedOver: { from: "triage", to: "billing", context: { order: 7 } },
    });
    expect(decisionsOf(run.events)).toEqual(["handoff from triage → billing"]);
  });

  test("a model's text that is JSON hands over as well", async () => {
    const world = await testAgent(handoff({ name: "desk", ...desk }), {
      peers: { triage: () => '```json\n{"handoff":{"to":"tech"}}\n```', billing: () => "", tech: () => "restarted" },
    });
    expect((await world.run("it hangs")).output).toMatchObject({ by: "tech", answer: "restarted" });
  });

  test("one that hands over to nobody, or to whom it may not, is told so once, then it fails", async () => {
    const seen: (string | undefined)[] = [];
    const world = await testAgent(handoff({ name: "desk", ...desk, routes: { triage: ["tech"] } }), {
      peers: {
        triage: (input: unknown) => {
          seen.push((input as Told).refused);
          return triage();
        },
        billing: () => "",
        tech: () => "",
      },
    });
    const run = await world.run("my money!");
    expect(run.error?.message).toContain('hands over to "billing", who is no colleague');
    expect(seen).toEqual([undefined, 'there is no colleague "billing"; colleagues: tech']);
  });

  test("handing over without end fails, and names who does", async () => {
    const to = (name: string) => () => ({ handoff: { to: name } });
    const world = await testAgent(handoff({ name: "desk", ...desk, maxHandoffs: 4 }), {
      peers: { triage: to("billing"), billing: to("triage"), tech: () => "" },
    });
    expect((await world.run("?")).error?.message).toMatch(/handed over 4 times.*triage → billing → triage$/);
  });

  test.each([
    [{ start: "nobody" }, "start"],
    [{ routes: { triage: ["nobody"] } }, "routes.triage"],
    [{ members: [{ agent: "a" }] }, "members"],
    [{ maxHandoffs: 0 }, "maxHandoffs"],
  ])("refuses %j", (options, field) => {
    expect(() => handoff({ name: "desk", ...desk, ...options } as never)).toThrow(
      expect.objectContaining({ violations: [expect.objectContaining({ field: expect.stringContaining(field) })] }),
    );
  });
});

describe("swarm", () => {
  test("the next task of a conversation goes to who was last active, with the state and what was said", async () => {
    const told: Told[] = [];
    const world = await testAgent(swarm({ name: "swarm", ...desk }), {
      peers: {
        triage: () => ({ state: { customer: "ada" }, handoff: { to: "tech", reason: "it hangs" } }),
        tech: (input: unknown) => {
          told.push(input as Told);
          return { answer: "restarted", state: { restarts: told.length } };
        },
        billing: () => "",
      },
    });
    await world.run("it hangs", { contextId: "c1" });
    const second = await world.run("again", { contextId: "c1" });
    expect(second.output).toMatchObject({ by: "tech", state: { customer: "ada", restarts: 2 } });
    expect(told[1]).toMatchObject({ state: { customer: "ada", restarts: 1 } });
    expect(told[1]?.conversation.map(({ speaker, text }) => `${speaker}: ${text}`)).toEqual([
      "user: it hangs",
      "triage: it hangs",
      "tech: restarted",
      "user: again",
    ]);
    const other = await world.run("it hangs", { contextId: "c2" });
    expect(told[2]?.state).toEqual({ customer: "ada" });
    expect(other.state).toBe("completed");
  });
});

test("a swarm whose members keep too much says so, before it is asked to keep it", async () => {
  const world = await testAgent(swarm({ name: "swarm", ...desk, maxHandoffs: 100 }), {
    peers: {
      triage: member(({ conversation }) => ({
        state: { [`k${conversation.length}`]: "x".repeat(60_000) },
        handoff: { to: "tech", reason: `look at part ${conversation.length} of the machine` },
      })),
      tech: member(({ conversation }) => ({
        handoff: { to: "triage", reason: `part ${conversation.length} is fine` },
      })),
      billing: () => "",
    },
  });
  expect((await world.run("it hangs")).error?.message).toContain("state has more than 262144 characters");
});

const writers = { members: { writer: { agent: "writer" }, critic: { agent: "critic", description: "finds faults" } } };

describe("group chat", () => {
  test("an agent as manager says who speaks, what of, and when it is done", async () => {
    const asks: (string | undefined)[] = [];
    const world = await testAgent(groupChat({ name: "chat", ...writers, manager: { agent: "editor" } }), {
      peers: {
        editor: (input: unknown) => {
          const { conversation } = input as Told;
          if (conversation.length === 0) return { next: "writer", ask: "a poem", reason: "begin" };
          if (conversation.length === 1) return { next: "critic" };
          return { done: true, answer: conversation[0]?.text };
        },
        writer: (input: unknown) => {
          asks.push((input as Told).ask);
          return "roses";
        },
        critic: () => "good",
      },
    });
    const run = await world.run("a poem");
    expect(run.output).toEqual({
      answer: "roses",
      turns: [
        { speaker: "writer", text: "roses" },
        { speaker: "critic", text: "good" },
      ],
    });
    expect(asks).toEqual(["a poem"]);
    expect(decisionsOf(run.events)).toEqual(["speaker → writer", "speaker#2 → critic", "speaker#3 → it is done"]);
  });

  test("round-robin goes on until one says that it is done", async () => {
    const world = await testAgent(groupChat({ name: "chat", ...writers, manager: "round-robin" }), {
      peers: {
        writer: member(({ conversation }) => `draft ${conversation.length}`),
        critic: member(({ conversation }) => (conversation.length > 2 ? { done: true, answer: "fine now" } : "more")),
      },
    });
    expect((await world.run("a poem")).output).toMatchObject({ answer: "fine now", turns: { length: 4 } });
  });

  test("without an end it fails after its turns, or answers with the last", async () => {
    const peers = { writer: () => "w", critic: () => "c" };
    const chat = { name: "chat", ...writers, manager: "round-robin", maxTurns: 3 } as const;
    const failed = await (await testAgent(groupChat(chat), { peers })).run("?");
    expect(failed.error?.message).toContain("3 turns came to no end");
    const answered = await (await testAgent(groupChat({ ...chat, atLimit: "answer" }), { peers })).run("?");
    expect(answered.output).toMatchObject({ answer: "w" });
  });

  test("what goes round is stopped long before its turns are over, by the name of its failure", async () => {
    const world = await testAgent(groupChat({ name: "chat", ...writers, manager: "round-robin", maxTurns: 50 }), {
      peers: { writer: () => "Here is the draft.", critic: () => "Please write the draft again." },
    });
    const run = await world.run("a poem");
    expect(run.error).toMatchObject({ code: "LOOP_DETECTED", details: { failureMode: "step-repetition" } });
    expect(decisionsOf(run.events).join("\n")).toMatch(/failure-mode.* → step-repetition\ngoing-round.* → stop$/);
    expect(run.events.filter(({ type }) => type === "step.completed").length).toBeLessThan(15);
  });

  test("a manager that calls for somebody who is not there is told once, then it fails", async () => {
    const refusals: (string | undefined)[] = [];
    const world = await testAgent(groupChat({ name: "chat", ...writers, manager: { agent: "editor" } }), {
      peers: {
        editor: member(({ refused }) => {
          refusals.push(refused);
          return { next: "painter" };
        }),
        writer: () => "",
        critic: () => "",
      },
    });
    expect((await world.run("?")).error?.code).toBe("INVALID_ARGUMENT");
    expect(refusals).toEqual([undefined, expect.stringContaining("next")]);
  });
});

describe("crew", () => {
  const roles = {
    researcher: { role: "Researcher", goal: "find facts", agent: "researcher" },
    writer: { role: "Writer", goal: "write well", model: "m" },
  } as const;
  const tasks = [
    { name: "facts", description: "find facts on tea", expectedOutput: "a list", by: "researcher" },
    { name: "text", description: "write it", expectedOutput: "one sentence", by: "writer" },
  ];

  test("does its tasks in order, each knowing what came before", async () => {
    const world = await testAgent(crew({ name: "crew", roles, tasks }), {
      peers: { researcher: () => "tea is a plant" },
      model: ({ messages }) =>
        `${messages[0]?.content.split(".")[0]}: ${messages[1]?.content.includes("tea is a plant")}`,
    });
    expect((await world.run("tea")).output).toEqual({
      output: "You are Writer: true",
      results: [
        { task: "facts", by: "researcher", output: "tea is a plant" },
        { task: "text", by: "writer", output: "You are Writer: true" },
      ],
    });
  });

  test("a hierarchical one has its manager name who does it, and review it until it is as expected", async () => {
    const world = await testAgent(
      crew({
        ...{ name: "crew", roles, process: "hierarchical", manager: { model: "boss" }, maxRevisions: 1 },
        tasks: [{ name: "text", description: "write it", expectedOutput: "one sentence" }],
      }),
      {
        model: ({ model, output, messages }) => {
          if (output?.name === "assignment") return says({ by: "writer", reason: "it is writing" });
          const content = messages[1]?.content ?? "";
          if (model === "boss")
            return says(content.includes("tea.") ? { accepted: true } : { accepted: false, feedback: "a full stop" });
          return content.includes("a full stop") ? "tea." : "tea";
        },
      },
    );
    const run = await world.run("tea");
    expect(run.output).toMatchObject({ output: "tea." });
    expect(decisionsOf(run.events)).toEqual([
      "assignment of text → writer",
      "review of text → again",
      "review of text#2 → accepted",
    ]);
  });

  test("work that is never as expected fails", async () => {
    const world = await testAgent(
      crew({
        name: "crew",
        roles,
        tasks: tasks.slice(1),
        process: "hierarchical",
        manager: { model: "boss" },
        maxRevisions: 1,
      }),
      { model: ({ model }) => (model === "boss" ? says({ accepted: false, feedback: "dull" }) : "tea") },
    );
    expect((await world.run("tea")).error?.message).toBe(
      'task "text" was not what is expected after 1 revisions: dull',
    );
  });

  test.each([
    [{ tasks: [{ ...tasks[0], by: "nobody" }] }, "tasks[0].by"],
    [{ tasks: [{ ...tasks[0], by: undefined }] }, "tasks[0].by"],
    [{ tasks: [tasks[0], tasks[0]] }, "tasks[1].name"],
    [{ tasks: [{ ...tasks[0], needs: ["text"] }] }, "tasks[0].needs"],
    [{ process: "hierarchical" }, "manager"],
  ])("refuses %j", (options, field) => {
    expect(() => crew({ name: "crew", roles, tasks, ...options } as never)).toThrow(
      expect.objectContaining({ violations: [expect.objectContaining({ field })] }),
    );
  });
});

describe("network", () => {
  const members = { a: { agent: "a" }, b: { agent: "b" }, c: { agent: "c" } };

  test("members write to each other until nobody writes, and their answers are gathered", async () => {
    const world = await testAgent(network({ name: "net", members, start: ["a"], conclude: { agent: "sum" } }), {
      peers: {
        a: member(({ inbox }) =>
          inbox.length === 0
            ? {
                messages: [
                  { to: "b", text: "1?" },
                  { to: "c", text: "2?" },
                ],
              }
            : { answer: inbox.map(({ from, text }) => `${from}=${text}`).join(" ") },
        ),
        b: () => ({ messages: [{ to: "a", text: "one" }], answer: 1 }),
        c: () => ({ messages: [{ to: "a", text: "two" }], answer: 2 }),
        sum: (input: unknown) => (input as { readonly answers: { readonly a: string } }).answers.a,
      },
    });
    const run = await world.run("count");
    expect(run.output).toMatchObject({ answer: "b=one c=two", rounds: 3, answers: { a: "b=one c=two", b: 1, c: 2 } });
  });

  test("a letter to whom one may not write comes back", async () => {
    const inboxes: unknown[] = [];
    const world = await testAgent(network({ name: "net", members, start: ["a"], links: { a: ["b"] } }), {
      peers: {
        a: member(({ inbox }) => {
          inboxes.push(inbox);
          return inbox.length === 0 ? { messages: [{ to: "c", text: "hi" }] } : "well";
        }),
        b: () => "",
        c: () => "",
      },
    });
    expect((await world.run("?")).output).toMatchObject({ answers: { a: "well" }, rounds: 2 });
    expect(inboxes[1]).toEqual([{ from: "a", text: 'Not delivered: "c" is no colleague of yours. It said: hi' }]);
  });

  test("writing without end fails", async () => {
    const to = (name: string) => () => ({ messages: [{ to: name, text: "ping" }] });
    const world = await testAgent(network({ name: "net", members, start: ["a"], maxRounds: 4 }), {
      peers: { a: to("b"), b: to("a"), c: () => "" },
    });
    expect((await world.run("?")).error?.message).toContain("after 4 rounds");
  });
});

strategySuite({
  name: "a handoff",
  agent: () => handoff({ name: "desk", ...desk }),
  input: "my money!",
  peers: {
    triage: () => ({ handoff: { to: "billing", reason: "money" } }),
    billing: () => "paid back",
    tech: () => "",
  },
  output: {
    ...{ answer: "paid back", by: "billing" },
    turns: [
      { speaker: "triage", text: "money", to: "billing" },
      { speaker: "billing", text: "paid back" },
    ],
  },
  test,
});

strategySuite({
  name: "a group chat led by a model",
  agent: () => groupChat({ name: "chat", ...writers, manager: { model: "m" } }),
  input: "a poem",
  peers: { writer: member(({ conversation }) => `draft ${conversation.length}`), critic: () => "once more" },
  model: ({ messages }) => {
    const { conversation } = JSON.parse(messages[1]?.content ?? "{}") as Told;
    const next = ["writer", "critic", "writer"][conversation.length];
    return says(next === undefined ? { done: true, answer: "draft 2" } : { next });
  },
  output: {
    answer: "draft 2",
    turns: [
      { speaker: "writer", text: "draft 0" },
      { speaker: "critic", text: "once more" },
      { speaker: "writer", text: "draft 2" },
    ],
  },
  test,
});

strategySuite({
  name: "a network",
  agent: () => network({ name: "net", members: { a: { agent: "a" }, b: { agent: "b" } }, start: ["a", "b"] }),
  input: "?",
  peers: {
    a: member(({ inbox }) => (inbox.length === 0 ? { messages: [{ to: "b", text: "hi" }] } : "a done")),
    b: member(({ inbox }) => (inbox.length === 0 ? { messages: [{ to: "a", text: "ho" }] } : "b done")),
  },
  output: {
    answer: { a: "a done", b: "b done" },
    answers: { a: "a done", b: "b done" },
    rounds: 2,
    turns: [
      { speaker: "a", to: "b", text: "hi" },
      { speaker: "b", to: "a", text: "ho" },
    ],
  },
  test,
});

strategySuite({
  name: "a swarm",
  agent: () => swarm({ name: "swarm", ...desk }),
  input: "it hangs",
  peers: {
    triage: () => ({ state: { who: "ada" }, handoff: { to: "tech" } }),
    tech: () => "restarted",
    billing: () => "",
  },
  output: {
    ...{ answer: "restarted", by: "tech", state: { who: "ada" } },
    turns: [
      { speaker: "user", text: "it hangs" },
      { speaker: "triage", text: "", to: "tech" },
      { speaker: "tech", text: "restarted" },
    ],
  },
  test,
});
