import { FAILURE_MODES } from "@agentcore/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { detectFailure } from "./detect-failure.ts";
import type { Exchange, FailureVerdict } from "./exchange.ts";
import type { Turn } from "./turn.ts";

const MEMBERS = [
  { name: "planner", description: "Plans the work" },
  { name: "worker", description: "Does the work" },
];

/** `planner: text` or `planner -> worker: text`, a line each. */
const turnsOf = (lines: readonly string[]): readonly Turn[] =>
  lines.map((line) => {
    const [, speaker = "", to, text = ""] = /^(\w+)(?: -> (\w+))?: ?(.*)$/s.exec(line) ?? [];
    return { speaker, text, ...(to === undefined ? {} : { to }) };
  });

const judge = (lines: readonly string[], more: Partial<Exchange> = {}): FailureVerdict | null =>
  detectFailure({ task: "Repair the gate of the lock.", members: MEMBERS, turns: turnsOf(lines), ...more });

/** The first verdict of a conversation that is judged as it grows. */
const firstOf = (lines: readonly string[], more: Partial<Exchange> = {}): FailureVerdict | null => {
  for (let count = 1; count <= lines.length; count++) {
    const verdict = judge(lines.slice(0, count), more);
    if (verdict?.severity === "stop") return verdict;
  }
  return null;
};

const repeat = (times: number, ...lines: readonly string[]): readonly string[] =>
  Array.from({ length: times }, () => lines).flat();

const TALK = [
  "planner: Take the gate out of its hinges before the water rises again on Friday.",
  "worker: The upper hinge is rusted to the pin, I need a torch and two more hands.",
  "planner: The crew of the ferry is free until noon, ask them for both of it.",
  "worker: They came, the gate lies on the quay, and the pin is bent at the lower end.",
];

describe("what is stopped", () => {
  test("the same round again and again, by its sixth turn that says nothing new", () => {
    const round = [
      "planner: Please begin with the upper hinge of the gate.",
      "worker: I will begin as soon as you say so.",
    ];
    const verdict = firstOf([...TALK, ...repeat(8, ...round)]);
    expect(verdict).toMatchObject({ mode: "step-repetition", severity: "stop", member: "worker" });
    expect(verdict?.turns).toEqual([6, 7, 8, 9, 10, 11]);
    expect(verdict?.reasons[0]).toContain("said nothing that had not been said before");
  });

  test("sooner when each turn costs more than the last, which is a reason of its own", () => {
    const turns = [
      ...TALK,
      ...repeat(
        8,
        "planner: Please begin with the upper hinge of the gate.",
        "worker: I will begin as soon as you say so.",
      ),
    ];
    const costs = turns.map((_, place) => 0.01 * 1.1 ** place);
    const plain = firstOf(turns);
    const dearer = firstOf(turns, { costs });
    expect(dearer?.turns.length).toBe((plain?.turns.length ?? 0) - 1);
    expect(dearer?.reasons).toContainEqual(expect.stringMatching(/cost of a turn rose by \d+ %/));
    expect(firstOf(turns, { costs: turns.map(() => 0.01) })?.turns).toEqual(plain?.turns);
  });

  test("work that two hand back and forth with little that is new", () => {
    const pass = (from: string, to: string, text: string) => `${from} -> ${to}: ${text}`;
    const lines = Array.from({ length: 12 }, (_, turn) =>
      turn % 2 === 0
        ? pass(
            "planner",
            "worker",
            ["This is yours.", "It is yours, take it.", "No, this is yours to take."][turn % 3] ?? "",
          )
        : pass(
            "worker",
            "planner",
            ["This is not mine.", "It is not mine, it is yours.", "No, not mine."][turn % 3] ?? "",
          ),
    );
    expect(firstOf(lines)).toMatchObject({ severity: "stop" });
  });

  test("thanks and goodbyes without end, as work that does not know that it is over", () => {
    const polite = repeat(
      4,
      "planner: Thank you!",
      "worker: You are welcome!",
      "planner: Have a nice day!",
      "worker: You too, bye!",
    );
    expect(firstOf([...TALK, "planner: The gate hangs again, the task is complete.", ...polite])).toMatchObject({
      mode: "unaware-of-termination-conditions",
      severity: "stop",
    });
  });

  test("more turns than are allowed, at the first one too many", () => {
    expect(firstOf(TALK, { limits: { maxTurns: 3 } })).toEqual({
      ...{ mode: "unaware-of-termination-conditions", severity: "stop", member: "worker", turns: [3] },
      reasons: ["4 turns were taken, 3 are allowed"],
    });
    expect(firstOf(TALK, { limits: { maxTurns: 4 } })).toBeNull();
  });
});

describe("what is not", () => {
  test.each([
    ["numbers that go on", Array.from({ length: 60 }, (_, n) => `worker: ${n * 20} of 1,200 rivets`)],
    [
      "a poll whose answer changes",
      Array.from({ length: 20 }, (_, n) => [`planner: How far?`, `worker: ${n * 5} %`]).flat(),
    ],
    ["six rounds of the same short question and answer", repeat(6, "planner: Ready?", "worker: Not yet.")],
    [
      "what is noted item by item",
      Array.from({ length: 26 }, (_, n) => [
        `planner: ${String.fromCharCode(97 + n).repeat(3)}`,
        "worker: Noted.",
      ]).flat(),
    ],
    ["goodbyes of a few turns", ["planner: Thank you!", "worker: You are welcome!", "planner: Bye!", "worker: Bye!"]],
    [
      "a document of which one word changes in the middle",
      ["a", "b", "c", "d", "e", "f", "g", "h", "i"].map(
        (each) => `worker: ${"gate ".repeat(600)}${each.repeat(9)}${" lock".repeat(600)}`,
      ),
    ],
    [
      "Japanese turns that differ",
      [
        "予約を確認します。",
        "木曜日の午後二時です。",
        "八人分の席を用意します。",
        "提灯を並べましょう。",
        "川沿いの道が混みます。",
        "古い映画を上映します。",
      ].map((text) => `worker: ${text}`),
    ],
  ])("%s", (_, lines) => {
    expect(firstOf(lines)).toBeNull();
  });
});

describe("what is noted", () => {
  const SPEAKS_AS = "disobey-role-specification";
  test.each<[what: string, mode: FailureVerdict["mode"], lines: readonly string[], more?: Partial<Exchange>]>([
    ["a long turn once more", "step-repetition", [...TALK, TALK[1] ?? ""]],
    ["the opening once more", "conversation-reset", [...TALK, TALK[0] ?? ""]],
    [
      "a member that introduces itself in the middle",
      "conversation-reset",
      [...TALK, "worker: Hello! I am the worker. How can I help you today?"],
    ],
    [
      "the task read out in the middle",
      "conversation-reset",
      [...TALK, "planner: Let us start over. Repair the gate of the lock."],
    ],
    [
      "a question that was answered",
      "loss-of-conversation-history",
      ["worker: The gate number is 14.", ...TALK, "planner: What is the gate number?"],
    ],
    [
      "a member that says it knows of nothing",
      "loss-of-conversation-history",
      [...TALK, "worker: I have no record of our conversation."],
    ],
    [
      "another number than the task's",
      "loss-of-conversation-history",
      [...TALK, "planner: The budget is 900."],
      { task: "Repair the gate. The budget is 400." },
    ],
    [
      "a question by name that a long turn does not touch",
      "ignored-other-agents-input",
      [
        ...TALK,
        "planner -> worker: worker, which paint resists the salt?",
        "worker: On Sunday my sister marries in the old church up there, so the tractor is gone, and there will be dancing until the morning.",
      ],
    ],
    ["a stranger", SPEAKS_AS, [...TALK, "stranger: May I say something?"]],
    ["a hand-over to nobody", SPEAKS_AS, [...TALK, "worker -> smith: Straighten the pin."]],
    [
      "a hand-over that is not allowed",
      SPEAKS_AS,
      ["worker -> planner: Back to you."],
      { members: [{ name: "worker", description: "Works", handsTo: [] }, ...MEMBERS.slice(0, 1)] },
    ],
    ["another's turn, written too", SPEAKS_AS, [...TALK, "worker: The pin is out.\nplanner: Very good."]],
    ["a member that speaks as another", SPEAKS_AS, [...TALK, "worker: As the planner I decide to stop here."]],
    [
      "an announcement of somebody else",
      "reasoning-action-mismatch",
      [...TALK, "worker -> planner: I hand this over to the smith."],
      { members: [...MEMBERS, { name: "smith", description: "Works iron" }] },
    ],
    [
      "a form that is not kept",
      "disobey-task-specification",
      ["worker: The gate hangs."],
      { task: "Tell the state as JSON.", ended: true },
    ],
    [
      "an open question at the end",
      "premature-termination",
      [...TALK, "worker -> planner: Which pin shall I take?"],
      { ended: true },
    ],
    [
      "work that is announced at the end",
      "premature-termination",
      [...TALK, "worker: The pin is out. Next I will straighten it."],
      { ended: true },
    ],
    [
      "a part that nobody speaks of",
      "premature-termination",
      ["worker: Hinge: oiled.", "worker: Paint: dry."],
      { task: "Do: 1. the hinge, 2. the paint, 3. the lamp.", ended: true },
    ],
    [
      "a check that nobody made",
      "no-or-incomplete-verification",
      TALK,
      { task: "Repair the gate and have it tested.", ended: true },
    ],
    [
      "a checker that never spoke",
      "no-or-incomplete-verification",
      TALK,
      { ended: true, members: [...MEMBERS, { name: "inspector", description: "Tests every gate before it is used" }] },
    ],
  ])("%s", (_, mode, lines, more: Partial<Exchange> = {}) => {
    const verdict = judge(lines, more);
    expect(verdict).toMatchObject({ mode, severity: "note" });
    expect(verdict?.turns.at(-1)).toBe(lines.length - 1);
    // Before that turn there was nothing to tell.
    for (let count = 1; count < lines.length; count++)
      expect(judge(lines.slice(0, count), { ...more, ended: false })).toBeNull();
  });

  test("a conversation that leaves its subject is told once, although it goes on", () => {
    const astray = [
      "planner: My sister bakes sourdough with rye flour every winter morning.",
      "worker: Rye flour smells like vinegar when sourdough stands warm.",
      "planner: Vinegar means hungry yeast, feed sourdough twice daily.",
      "worker: Yeast sleeps inside fridges, bakers wake yeast slowly.",
      "planner: Bakers knead rye with wooden spoons, never machines.",
    ];
    const talk = [...TALK, "worker: The lower hinge of the gate is out too, the pin was bent."];
    const told = astray.map((_, count) => judge([...talk, ...astray.slice(0, count + 1)])?.mode ?? null);
    expect(told).toEqual([null, null, null, "task-derailment", null]);
  });
});

describe("forms that a task asks for", () => {
  test.each([
    ["Answer in JSON.", '```json\n{"a":1}\n```', "It is fine."],
    ["Give exactly three bullet points.", "- a\n- b\n- c", "- a\n- b"],
    ["In at most five words.", "Three words only", "These are six words in all"],
    ["Write at least two sentences.", "One. Two.", "One."],
    ["Name the three gates as a numbered list.", "1. a\n2. b\n3. c", "a, b and c"],
    ["Answer with yes or no.", "No.", "It depends."],
    ['Mention the word "rust".', "Rust is on it.", "It is old."],
    ['Do not use the word "rust".', "It is old.", "Rust is on it."],
    ['Begin with "REPORT".', "REPORT\nall well", "All well"],
    ['End with "over".', "All well, over.", "All well."],
    ["As a Markdown table.", "| a | b |\n| --- | --- |\n| 1 | 2 |", "a 1, b 2"],
  ])("%s", (task, good, bad) => {
    const end = (text: string) => judge([`worker: ${text}`], { task, ended: true })?.mode ?? null;
    expect([end(good), end(bad)]).toEqual([null, "disobey-task-specification"]);
    // Before the end it is no outcome.
    expect(judge([`worker: ${bad}`], { task })).toBeNull();
  });
});

const anyTurn = fc.record({
  speaker: fc.constantFrom("planner", "worker", "stranger", "a.*b", "名前"),
  text: fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.constantFrom("", "?", "Thank you!", "planner: ?", "1. a", "|".repeat(200), "? ".repeat(100)),
  ),
  to: fc.option(fc.constantFrom("planner", "worker", "nobody"), { nil: undefined }),
});

test("whatever is said, it answers, names a mode that can be seen, and turns that are there", () => {
  fc.assert(
    fc.property(
      fc.array(anyTurn, { maxLength: 40 }),
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.boolean(),
      (said, task, ended) => {
        const turns = said.map(({ to, ...turn }) => (to === undefined ? turn : { ...turn, to }));
        const exchange = { task, members: MEMBERS, turns, ended };
        const verdict = detectFailure(exchange);
        expect(detectFailure(structuredClone(exchange))).toEqual(verdict);
        if (verdict === null) return;
        expect(FAILURE_MODES[verdict.mode].detected).not.toBe("no");
        expect(verdict.reasons.length).toBeGreaterThan(0);
        expect(verdict.turns.every((place) => place >= 0 && place < turns.length)).toBe(true);
        expect(verdict.turns).toEqual([...new Set(verdict.turns)].sort((one, other) => one - other));
      },
    ),
    { numRuns: 300 },
  );
});

test("what it takes does not grow with the exchange: a thousand turns before the last 25 change nothing", () => {
  const talk = Array.from({ length: 1_000 }, (_, place) => ({
    speaker: place % 2 === 0 ? "planner" : "worker",
    text: `Rivet ${place} of the gate is ${place * 7} old.`,
  }));
  const loop = Array.from({ length: 30 }, (_, place) => ({
    speaker: place % 2 === 0 ? "planner" : "worker",
    text: "Please begin with the upper hinge of the gate.",
  }));
  const opening = talk.slice(0, 2);
  const of = (turns: readonly Turn[]) => detectFailure({ task: "Repair the gate.", members: MEMBERS, turns });
  const long = of([...talk, ...loop]);
  const short = of([...opening, ...loop]);
  expect(long?.severity).toBe("stop");
  expect(long?.turns.map((place) => place - 1_000)).toEqual(short?.turns.map((place) => place - 2));
});

test("texts made to be slow to read are read in bounded time", () => {
  const nasty = [
    "|".repeat(100_000),
    "? ".repeat(2_000),
    " ".repeat(100_000),
    `${"a ".repeat(2_000)}?`,
    "\n".repeat(50_000),
    "is ".repeat(1_300),
    "planner:".repeat(500),
  ];
  const turns = nasty.flatMap((text) =>
    repeat(4, "x").map((_, place) => ({ speaker: place % 2 === 0 ? "planner" : "worker", text })),
  );
  const startedAt = performance.now();
  for (let count = 1; count <= turns.length; count++)
    detectFailure({
      task: `${"1. a ".repeat(2_000)} in at most 3 sentences, as a table, in JSON`,
      members: MEMBERS,
      turns: turns.slice(0, count),
      ended: true,
    });
  // 28 calls: some milliseconds each, on a busy machine some tens. What is quadratic here takes minutes.
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});
