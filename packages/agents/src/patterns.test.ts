import { agent } from "@agentcore/sdk";
import { type TestAgentOptions, testAgent } from "@agentcore/testing";
import { describe, expect, test } from "vitest";
import {
  debate,
  evaluatorLoop,
  hierarchical,
  mapReduce,
  orchestrationLog,
  parallel,
  sequential,
  supervisor,
  vote,
} from "./index.ts";

type Peers = NonNullable<TestAgentOptions["peers"]>;
const broken = () => {
  throw new Error("it broke");
};
const start = async (pattern: Parameters<typeof testAgent>[0], peers: Peers, input: unknown = "go") => {
  const testing = await testAgent(pattern, { peers });
  return testing.run(input);
};
const refusal = (make: () => unknown): string => {
  try {
    make();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("it was taken");
};

describe("sequential", () => {
  test("gives each what the one before gave: agents, capabilities and functions", async () => {
    const line = sequential({
      name: "line",
      agents: [{ agent: "first" }, { capability: "second" }, (text: string) => `${text}!`],
    });
    const run = await start(line, { first: (text) => `${String(text)} 1`, second: (text) => `${String(text)} 2` });
    expect(run.output).toBe("go 1 2!");
  });

  test("fails with the step that failed", async () => {
    const line = sequential({ name: "line", agents: [{ agent: "first" }, { agent: "broken" }] });
    expect((await start(line, { first: () => 1, broken })).error?.message).toContain("node step2: ");
  });

  test("an agent at hand, a skill, a timeout and an input of one's own", async () => {
    const shout = agent({
      name: "shout",
      description: "Shouts",
      run: ({ input, skill }) => `${String(input)} ${skill}`,
    });
    const line = sequential({
      name: "line",
      agents: [
        { agent: "first" },
        { agent: "shout", skill: "loud", timeout: "5s", input: "${nodes.step1} of ${input}" },
      ],
    });
    const run = await (
      await testAgent([line, { ...shout, skills: [{ id: "loud", name: "", description: "", tags: [] }] }], {
        peers: { first: () => 1 },
      })
    ).run("go");
    expect(run.output).toBe("1 of go loud");
  });
});

describe("parallel", () => {
  const peers: Peers = { a: () => [1], b: () => [2], broken };
  test.each([
    ["object", { a: [1], b: [2] }],
    ["list", [[1], [2]]],
    ["concat", [1, 2]],
    ["first", [1]],
  ] as const)("merges by %s", async (merge, output) => {
    const both = parallel({ name: "both", agents: [{ agent: "a" }, { agent: "b" }], merge });
    expect((await start(both, peers)).output).toEqual(output);
  });

  test("fails with one that fails, or leaves it out", async () => {
    const agents = { a: { agent: "a" }, x: { agent: "broken" } };
    expect((await start(parallel({ name: "both", agents }), peers)).state).toBe("failed");
    expect((await start(parallel({ name: "both", agents, onFailure: "ignore" }), peers)).output).toEqual({ a: [1] });
    expect((await start(parallel({ name: "both", agents, need: 2 }), peers)).state).toBe("failed");
  });
});

describe("supervisor", () => {
  const team = {
    decompose: { agent: "planner" },
    workers: [{ agent: "a" }, { agent: "b" }],
    synthesise: { agent: "sum" },
  };
  const workers: Peers = {
    a: (part) => `a${String(part)}`,
    b: (part) => `b${String(part)}`,
    sum: (all) => all,
    broken,
  };

  test("divides, assigns by name and in turn, gathers in order, and makes one result", async () => {
    const planner = (asked: unknown) => {
      expect(asked).toEqual({
        input: "go",
        workers: [
          { name: "a", description: "" },
          { name: "b", description: "" },
        ],
        maxParts: 20,
      });
      return { parts: [{ input: 1, worker: "b" }, { input: 2 }, { input: 3 }] };
    };
    const run = await start(supervisor({ name: "boss", ...team }), { ...workers, planner });
    expect(run.output).toEqual({
      input: "go",
      parts: [{ input: 1, worker: "b" }, { input: 2 }, { input: 3 }],
      results: ["b1", "b2", "a3"],
    });
    expect(orchestrationLog(run.events).map(({ who, what }) => `${who} ${what}`)).toEqual([
      "test gave work to boss",
      "planner was given decompose",
      "planner did decompose",
      "boss decided check",
      "boss decided parts",
      "boss decided parts.0/assign",
      "boss decided parts.1/assign",
      "boss decided parts.2/assign",
      "b was given parts.0/worker2",
      "b was given parts.1/worker2",
      "a was given parts.2/worker1",
      "b did parts.0/worker2",
      "b did parts.1/worker2",
      "a did parts.2/worker1",
      "sum was given synthesise",
      "sum did synthesise",
      "boss completed",
    ]);
    const [, given] = orchestrationLog(run.events);
    expect(given).toMatchObject({ why: "planner is the only candidate for agent:planner" });
  });

  test("functions divide and make the result", async () => {
    const run = await start(
      supervisor({
        name: "boss",
        decompose: ({ input }: { input: number[] }) => input.map((n) => ({ input: n })),
        workers: { only: { agent: "a" } },
        synthesise: ({ results }: { results: string[] }) => results.join("+"),
      }),
      workers,
      [1, 2, 3],
    );
    expect(run.output).toBe("a1+a2+a3");
  });

  test("refuses too many parts, parts for nobody and what are no parts", async () => {
    const boss = supervisor({ name: "boss", ...team, maxParts: 2 });
    const say = async (planned: unknown) => (await start(boss, { ...workers, planner: () => planned })).error?.message;
    expect(await say([{ input: 1 }, { input: 2 }, { input: 3 }])).toBe(
      "node tooMany: the work was divided into 3 parts, 2 are allowed",
    );
    expect(await say([{ input: 1, worker: "c" }])).toBe(
      'node nobody: parts are for ["c"], who are no workers; expected a, b',
    );
    expect(await say("nothing")).toContain("expected a list of parts");
    expect(await say({ parts: 3 })).toContain("expected a list of parts");
    expect(await say(["a part"])).toContain("expected parts of the form { input, worker }");
    expect(await say([])).toBeUndefined();
  });

  test("a worker that fails fails it, or leaves null in its place", async () => {
    const planner = () => [
      { input: 1, worker: "a" },
      { input: 2, worker: "x" },
    ];
    const options = { ...team, workers: { a: { agent: "a" }, x: { agent: "broken" } } };
    const failed = await start(supervisor({ name: "boss", ...options }), { ...workers, planner });
    expect(failed.error?.message).toContain("node worker2: ");
    const run = await start(supervisor({ name: "boss", ...options, onFailure: "ignore" }), { ...workers, planner });
    expect(run.output).toMatchObject({ results: ["a1", null] });
  });

  test("comes to the same wherever the process dies, and does no part twice", async () => {
    const boss = supervisor({ name: "boss", ...team });
    const peers: Peers = { ...workers, planner: () => [{ input: 1 }, { input: 2 }] };
    const whole = await testAgent(boss, { peers });
    const { output } = await whole.run("go");
    for (let crashAt = 1; crashAt <= whole.commits; crashAt++) {
      const testing = await testAgent(boss, { peers, crashAt });
      expect((await testing.run("go")).output).toEqual(output);
      await testing.close();
    }
  });
});

describe("hierarchical", () => {
  const lead = (asked: unknown) => {
    const { input, workers } = asked as { input: string; workers: { name: string }[] };
    return workers.map(({ name }) => ({ worker: name, input: `${input}/${name}` }));
  };
  const peers: Peers = { lead, w: (part) => part, sum: (all) => (all as { results: unknown[] }).results };

  test("teams divide their part again", async () => {
    const house = hierarchical({
      name: "house",
      decompose: { agent: "lead" },
      synthesise: { agent: "sum" },
      workers: {
        alone: { agent: "w" },
        team: {
          description: "two of them",
          decompose: { agent: "lead" },
          workers: { x: { agent: "w" }, y: { agent: "w" } },
          synthesise: { agent: "sum" },
        },
      },
    });
    expect((await start(house, peers)).output).toEqual(["go/alone", ["go/team/x", "go/team/y"]]);
  });

  test("is bounded in depth", () => {
    const deep = (levels: number): Parameters<typeof hierarchical>[0]["workers"] =>
      levels === 0 ? { w: { agent: "w" } } : { team: { decompose: { agent: "lead" }, workers: deep(levels - 1) } };
    const make = (levels: number) =>
      hierarchical({ name: "deep", decompose: { agent: "lead" }, workers: deep(levels) });
    expect(refusal(() => make(4))).toContain("workers: teams stand 5 deep in one another, 4 are allowed");
    expect(make(3).name).toBe("deep");
  });

  test("names the place of what is wrong in a team", () => {
    const workers = { team: { decompose: { agent: "lead" }, workers: [{ agent: "w" }, { agent: "w" }] } };
    expect(refusal(() => hierarchical({ name: "house", decompose: { agent: "lead" }, workers }))).toContain(
      'workers.team.workers[1]: two are named "w"',
    );
  });
});

describe("map-reduce", () => {
  test("maps a list, or the items of the input, and reduces", async () => {
    const peers: Peers = {
      twice: (n) => (n as number) * 2,
      sum: (all) => (all as { results: number[] }).results.reduce((a, b) => a + b),
    };
    const both = mapReduce({ name: "sums", map: { agent: "twice" }, reduce: { agent: "sum" } });
    expect((await start(both, peers, [1, 2, 3])).output).toBe(12);
    expect((await start(both, peers, { items: [4] })).output).toBe(8);
    const mapped = mapReduce({ name: "map", map: { agent: "twice" }, over: "input.numbers" });
    expect((await start(mapped, peers, { numbers: [1, 2] })).output).toEqual([2, 4]);
  });

  test("refuses too many items, and leaves null for what failed where that is wanted", async () => {
    const some: Peers = { odd: (n) => ((n as number) % 2 === 1 ? n : broken()) };
    const strict = mapReduce({ name: "odds", map: { agent: "odd" }, maxItems: 3 });
    expect((await start(strict, some, [1, 1, 1, 1])).error?.message).toBe("node tooMany: 4 items, 3 are allowed");
    expect((await start(strict, some, [1, 2])).error?.message).toContain("node map: ");
    const lenient = mapReduce({ name: "odds", map: { agent: "odd" }, onFailure: "ignore" });
    expect((await start(lenient, some, [1, 2, 3])).output).toEqual([1, null, 3]);
  });
});

describe("vote", () => {
  const never = agent({
    name: "never",
    description: "Takes its time",
    run: async (_task, ctx) => {
      await ctx.sleep(1_000_000_000);
      return "approve";
    },
  });
  const peers: Peers = {
    yes: () => "approve",
    no: () => ({ vote: "reject", why: "too dear" }),
    away: () => null,
    broken,
    never,
  };
  const voters = (...names: string[]) =>
    Object.fromEntries(names.map((name, index) => [`v${index + 1}`, { agent: name }]));
  const outcome = async (options: Omit<Parameters<typeof vote>[0], "name">, more: Peers = {}) => {
    const run = await start(vote({ name: "poll", ...options }), { ...peers, ...more });
    return run.state === "completed" ? (run.output as { decision: string; by: string; cast: number }) : run;
  };

  test("more than half of the votes cast win; abstentions and voters that fail do not count", async () => {
    expect(await outcome({ voters: voters("yes", "no", "yes") })).toMatchObject({
      decision: "approve",
      by: "majority",
      tally: [
        { choice: "approve", votes: 2 },
        { choice: "reject", votes: 1 },
      ],
    });
    expect(await outcome({ voters: voters("yes", "away", "broken", "away") })).toMatchObject({
      decision: "approve",
      cast: 1,
      voters: 4,
    });
  });

  test("ends as soon as it is decided, and ends the voters that are left", async () => {
    const testing = await testAgent(vote({ name: "poll", voters: voters("yes", "yes", "never") }), { peers });
    const run = await testing.run("go");
    expect(run.output).toMatchObject({ decision: "approve", cast: 2 });
    expect(testing.resident).toBe(0);
    const waiting = await testAgent(vote({ name: "poll", voters: voters("yes", "no", "never") }), { peers });
    const open = await waiting.run("go");
    expect(open.state).toBe("working");
    await waiting.advance(1_000_000_001);
    expect(open.output).toMatchObject({ decision: "approve", cast: 3 });
  });

  test.each([
    ["plurality", ["yes", "yes", "no", "never"], "working"],
    ["plurality", ["yes", "yes", "never"], "completed"],
    ["unanimous", ["yes", "yes", "never"], "working"],
    ["unanimous", ["yes", "no", "never"], "failed"],
    [0.75, ["yes", "yes", "yes", "never"], "completed"],
    [0.75, ["yes", "no", "no", "never"], "working"],
    [0.75, ["yes", "yes", "no", "no", "never"], "failed"],
    [0.66, ["yes", "yes", "no"], "completed"],
  ] as const)("by %s, %j is %s", async (rule, names, state) => {
    const run = await start(vote({ name: "poll", voters: voters(...names), rule }), peers);
    expect(run.state).toBe(state);
  });

  test("a tie fails, comes to what is said, or is broken", async () => {
    const tied = voters("yes", "no");
    expect(await outcome({ voters: tied })).toMatchObject({
      state: "failed",
      error: { message: expect.stringContaining("nothing has won") },
    });
    expect(await outcome({ voters: tied, undecided: "reject" })).toMatchObject({ decision: "reject", by: "default" });
    const tieBreaker = { agent: "breaker" };
    const asked: unknown[] = [];
    const breaker = (question: unknown) => (asked.push(question), { vote: "approve" });
    expect(await outcome({ voters: tied, tieBreaker }, { breaker })).toMatchObject({
      decision: "approve",
      by: "tie breaker",
    });
    expect(asked).toMatchObject([
      { question: "go", choices: ["approve", "reject"], tally: [{ votes: 1 }, { votes: 1 }] },
    ]);
    expect(await outcome({ voters: tied, tieBreaker }, { breaker: () => "perhaps" })).toMatchObject({
      state: "failed",
    });
  });

  test("without its quorum nothing has won", async () => {
    const options = { voters: voters("yes", "yes", "away", "away"), undecided: "reject" };
    expect(await outcome({ ...options, quorum: 2 })).toMatchObject({ decision: "approve" });
    expect(await outcome({ ...options, quorum: 3 })).toMatchObject({ decision: "reject", by: "default" });
  });

  test("choices of one's own, also such as stand for something elsewhere", async () => {
    const choices = ["${input}", 'say "no"', "later"];
    const decided = await outcome(
      { voters: voters("a", "b", "c"), choices },
      { a: () => choices[0], b: (asked) => (asked as { choices: string[] }).choices[0], c: () => "later" },
    );
    expect(decided).toMatchObject({ decision: "${input}" });
  });

  test("all voters failing fails it", async () => {
    expect(await outcome({ voters: voters("broken", "broken"), undecided: "reject" })).toMatchObject({
      state: "failed",
    });
  });
});

describe("debate", () => {
  test("each knows the positions of the round before, and the judge all of them", async () => {
    const heard: unknown[] = [];
    const run = await start(
      debate({ name: "talk", debaters: [{ agent: "pro" }, { agent: "con" }], judge: { agent: "judge" }, rounds: 2 }),
      {
        pro: (asked) => (heard.push(asked), "yes"),
        con: () => "no",
        judge: (all) => (all as { transcript: unknown[] }).transcript.length,
      },
    );
    const positions = [
      { debater: "pro", position: "yes" },
      { debater: "con", position: "no" },
    ];
    expect(heard).toEqual([
      { topic: "go", round: 1, positions: [] },
      { topic: "go", round: 2, positions },
    ]);
    expect(run.output).toEqual({
      verdict: 2,
      rounds: 2,
      transcript: [
        { round: 1, positions },
        { round: 2, positions },
      ],
    });
  });

  test("ends when they agree, unless it shall not", async () => {
    const debaters = [{ agent: "a" }, { agent: "b" }];
    const peers: Peers = {
      a: () => "same",
      b: (asked) => ((asked as { round: number }).round > 1 ? "same" : "other"),
      judge: () => "done",
    };
    const rounds = async (endWhenAgreed: boolean) =>
      (await start(debate({ name: "talk", debaters, judge: { agent: "judge" }, rounds: 4, endWhenAgreed }), peers))
        .output;
    expect(await rounds(true)).toMatchObject({ rounds: 2 });
    expect(await rounds(false)).toMatchObject({ rounds: 4 });
  });

  test("a debater that fails fails it", async () => {
    const run = await start(
      debate({ name: "talk", debaters: [{ agent: "a" }, { agent: "broken" }], judge: { agent: "a" } }),
      { a: () => 1, broken },
    );
    expect(run.error?.message).toContain("node debater-broken: ");
  });
});

describe("evaluator loop", () => {
  const writer = (asked: unknown) => {
    const { previous, feedback } = asked as { previous: string | null; feedback: string | null };
    return previous === null ? "draft" : `${previous}, ${String(feedback)}`;
  };
  const options = { worker: { agent: "writer" }, evaluator: { agent: "critic" } };

  test("what was said of a draft goes into the next, until it is good enough", async () => {
    const critic = (asked: unknown) => {
      const { output } = asked as { output: string };
      return { score: output === "draft" ? 0.8 : 0.9, feedback: "better" };
    };
    const run = await start(evaluatorLoop({ name: "write", ...options }), { writer, critic });
    expect(run.output).toEqual({ output: "draft, better", score: 0.9, feedback: "better", passed: true });
  });

  test("used up turns fail it, or give the last", async () => {
    const critic = () => 0.5;
    const failed = await start(evaluatorLoop({ name: "write", ...options, maxTurns: 2 }), { writer, critic });
    expect(failed.error?.message).toContain("did not hold in 2 turns");
    const last = await start(evaluatorLoop({ name: "write", ...options, maxTurns: 2, usedUp: "last" }), {
      writer,
      critic,
    });
    expect(last.output).toEqual({ output: "draft, null", score: 0.5, feedback: null, passed: false });
    const easy = await start(evaluatorLoop({ name: "write", ...options, threshold: 0 }), { writer, critic });
    expect(easy.output).toMatchObject({ output: "draft", passed: true });
  });
});

test.each([
  [() => sequential({ name: "s", agents: [] }), 'sequential "s" is not valid: agents: '],
  [
    () => sequential({ name: "s", agents: [{ agnt: "x" } as never] }),
    "agents[0]: expected { agent } or { capability }",
  ],
  [() => sequential({ name: "s", agents: [{ agent: "x" }], agent: "y" } as never), 'sequential "s" is not valid'],
  [() => sequential({ name: "No", agents: [{ agent: "x" }] }), "name"],
  [() => parallel({ name: "p", agents: [{ agent: "x" }, { agent: "x" }] }), 'agents[1]: two are named "x"'],
  [() => parallel({ name: "p", agents: [{ capability: "has spaces" }] }), 'agents[0]: "has spaces" cannot name a node'],
  [() => parallel({ name: "p", agents: [{ agent: "x" }], need: 2 }), "need: expected 1 to 1"],
  [
    () => parallel({ name: "p", agents: [{ agent: "x" }], merge: "sum" as never }),
    "merge: expected one of object, list, concat, assign, first",
  ],
  [() => vote({ name: "v", voters: [{ agent: "x" }] }), "voters: expected 2 to 50, got 1"],
  [() => vote({ name: "v", voters: [{ agent: "x" }, { agent: "y" }], quorum: 3 }), "quorum: expected 1 to 2"],
  [
    () => vote({ name: "v", voters: [{ agent: "x" }, { agent: "y" }], rule: 0.5 }),
    "rule: expected majority, plurality, unanimous, or a share",
  ],
  [
    () => vote({ name: "v", voters: [{ agent: "x" }, { agent: "y" }], undecided: "maybe" }),
    "undecided: expected one of approve, reject",
  ],
  [
    () => vote({ name: "v", voters: [{ agent: "x" }, { agent: "y" }], choices: ["a", "a"] }),
    "choices: expected each once",
  ],
  [
    () =>
      vote({
        name: "v",
        voters: [{ agent: "x" }, { agent: "y" }],
        choices: ["a", "b", "c", "d", "e"].map((c) => c.repeat(90)),
      }),
    "choices: expected at most 400 characters",
  ],
  [
    () =>
      supervisor({
        name: "s",
        decompose: { agent: "x" },
        workers: Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`w${n}`.padEnd(50, "x"), { agent: "x" }])),
      }),
    "workers: their names have 2121 characters together, 1500 are allowed",
  ],
  [() => debate({ name: "d", debaters: [{ agent: "x" }], judge: { agent: "j" } }), "debaters: expected 2 to 20, got 1"],
  [
    () => debate({ name: "d", debaters: [{ agent: "x" }, { agent: "y" }] } as never),
    "judge: expected { agent } or { capability }",
  ],
  [() => supervisor({ name: "s", decompose: { agent: "x" }, workers: [] }), "workers: expected 1 to 50, got 0"],
  [
    () => mapReduce({ name: "m", map: { agent: "x" }, onFailure: "maybe" as never }),
    "onFailure: expected fail or ignore",
  ],
  [() => evaluatorLoop({ name: "e", worker: { agent: "x" } } as never), "evaluator: expected { agent }"],
])("wrong options are refused where they are written: %#", (make, message) => {
  expect(refusal(make)).toContain(message);
});
