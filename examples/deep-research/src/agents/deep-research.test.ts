import { type ModelMessage, PlatformError } from "agentcore";
import { strategySuite, testAgent } from "agentcore/testing";
import { expect, test } from "vitest";
import { deepResearch } from "./deep-research.ts";

interface Asked {
  readonly messages: readonly ModelMessage[];
  readonly output?: { readonly name?: string };
}
interface Statement {
  readonly text: string;
  readonly answers: readonly string[];
  readonly find: string;
  readonly quote?: string;
}

const QUESTION = "How far does the ferry Nattergal go on one charge, and why was it out of service in 2024?";
const plan = {
  questions: [
    {
      id: "range",
      question: "How far does the Nattergal go on one charge?",
      queries: ["Nattergal km on one charge", "range sea trials"],
    },
    {
      id: "outage",
      question: "Why was the Nattergal out of service?",
      queries: ["Nattergal out of service August 2024", "cause of the incident, cooling pump"],
    },
  ],
};
const says = (value: unknown) => ({ text: JSON.stringify(value) });
/** As a model that reads names them: the passage that has these words. */
const sourceOf = ({ messages }: Asked, words: string): string => {
  const passages = [...(messages[1]?.content ?? "").matchAll(/<data from="([^"]+)">\n([\s\S]*?)\n<\/data>/g)];
  return passages.find(([, , text]) => text?.replace(/\s+/g, " ").includes(words))?.[1] ?? "nowhere:1-1";
};
const claim =
  (asked: Asked) =>
  ({ text, answers, find, quote = find }: Statement) => ({
    text,
    answers,
    citations: [{ source: sourceOf(asked, find), quote }],
  });
const isAgain = ({ messages }: Asked): boolean =>
  messages[1]?.content.includes("Your draft before was checked") ?? false;

/** A model that answers each question as it is told. */
const writes =
  (draft: (asked: Asked) => object, planned: object = plan) =>
  (asked: Asked) =>
    asked.output?.name === "plan" ? says(planned) : says({ claims: [], ...draft(asked) });

const PUMP: Statement = {
  text: "A cooling pump had stopped, since its bearing had seized.",
  answers: ["outage"],
  find: "Its bearing had seized",
};
const RANGE: Statement = {
  text: "In the trials of February 2023 it went 36 km.",
  answers: ["range"],
  find: "14 February 2023 | 3 degrees | 18 knots | 36 km",
};
const disagreement = (asked: Asked) => ({
  about: "how far it goes",
  answers: ["range"],
  sides: [
    {
      says: "42 km, says the yard",
      source: sourceOf(asked, "goes 42 km on one charge"),
      quote: "goes 42 km on one charge",
    },
    {
      says: "36 km were measured in winter",
      source: sourceOf(asked, RANGE.find),
      quote: "14 February 2023 3 degrees 18 knots 36 km",
    },
  ],
});
const good = writes((asked) => ({
  claims: [claim(asked)(PUMP), claim(asked)(RANGE)],
  disagreements: [disagreement(asked)],
}));

/** As a manifest that names a model makes it. */
const thinking = { ...deepResearch, model: "m" };

const research = async (model?: ReturnType<typeof writes>) => {
  const world = await (model === undefined ? testAgent(deepResearch) : testAgent(thinking, { model }));
  const run = await world.run(QUESTION);
  const { calls } = world;
  await world.close();
  if (run.error !== undefined) throw run.error;
  const drafts = run.events.flatMap(({ type, data }) =>
    type === "decision.made" && data.path?.startsWith("decision:round") ? [data] : [],
  );
  return {
    report: run.output as {
      kind: string;
      text: string;
      score: number;
      rounds: number;
      stopped: string;
      leftOut: { text: string; why: string }[];
      sources: string[];
    },
    drafts,
    calls,
    events: run.events,
  };
};

test("a draft whose statements stand in their sources is the report, and what sources disagree on is told with both", async () => {
  const { report } = await research(good);
  expect(report).toMatchObject({ kind: "report", score: 1, rounds: 1, stopped: "good-enough", leftOut: [] });
  expect(report.text).toMatch(/^# How far does the ferry Nattergal/);
  expect(report.text).toMatch(/- A cooling pump had stopped, since its bearing had seized\. \[\d\]/);
  expect(report.text).toMatch(
    /Sources disagree on how far it goes: 42 km, says the yard \[\d\]; 36 km were measured in winter \[\d\]/,
  );
  expect(report.sources.map((source) => source.replace(/:.*/, "")).toSorted()).toEqual([
    "company.md",
    "reports/incident-2024-08.md",
    "reports/sea-trials-nattergal.md",
  ]);
});

test("what is made up is told to the model once, and left out when it stays", async () => {
  const invented = writes((asked) => ({
    claims: [
      claim(asked)(PUMP),
      claim(asked)(RANGE),
      claim(asked)({
        text: "It goes 60 km.",
        answers: ["range"],
        find: "goes 42 km on one charge",
        quote: "it goes 60 km on one charge",
      }),
    ],
  }));
  const { report, drafts } = await research(invented);
  expect(drafts.map(({ choice }) => choice)).toEqual(["go-on", "no-better"]);
  expect(report.text).not.toContain("It goes 60 km");
  expect(report.leftOut).toEqual([
    { text: "It goes 60 km.", why: expect.stringContaining("does not stand in company.md") },
  ]);
  const repaired = await research((asked) => (isAgain(asked) ? good(asked) : invented(asked)));
  expect(repaired.report).toMatchObject({ score: 1, rounds: 2, stopped: "good-enough" });
});

test("a number that no source of a statement has is left out, though the quote is right", async () => {
  const { report } = await research(
    writes((asked) => ({
      claims: [claim(asked)({ ...PUMP, text: "The bearing had seized after 900 hours." }), claim(asked)(RANGE)],
    })),
  );
  expect(report.leftOut[0]?.why).toBe("no source of it has the number 900");
});

test("orders in a document are no facts: a model that obeys them is not believed, and the report names the document", async () => {
  const obeys = writes((asked) => ({
    claims: [
      claim(asked)({
        text: "Fjordlys Ferries is bankrupt.",
        answers: ["outage"],
        find: "Fjordlys Ferries is bankrupt",
      }),
      claim(asked)({
        text: "The Nattergal sank on 9 August 2024 with 40 dead.",
        answers: ["outage"],
        find: "the Nattergal sank on 9 August 2024 with 40 dead",
      }),
      claim(asked)(RANGE),
    ],
  }));
  const { report } = await research(obeys);
  expect(report.text).not.toMatch(/is bankrupt\.|40 dead\./);
  expect(report.leftOut).toMatchObject([
    {
      text: "Fjordlys Ferries is bankrupt.",
      why: expect.stringMatching(/rests on news\/forum-post\.txt:.* alone, which/),
    },
    { why: expect.stringMatching(/rests on news\/forum-post\.txt/) },
  ]);
  expect(report.text).toMatch(
    /news\/forum-post\.txt:\S+ (asks to forget|speaks to an assistant|speaks of a new order).*; nothing here rests on it alone/,
  );
});

test("an open question is searched for until a round brings nothing new", async () => {
  const silent = writes((asked) => ({ claims: [claim(asked)(PUMP)], lookFor: ["coffee aboard"] }));
  const { report, drafts } = await research(silent);
  expect(drafts.map(({ choice }) => choice)).toEqual(["go-on", "no-better"]);
  expect(report).toMatchObject({ score: 0.75, rounds: 2 });
  expect(report.text).toContain("The documents that were found do not say.");
  const still = writes((asked) => ({ claims: [claim(asked)(PUMP)] }));
  expect((await research(still)).report).toMatchObject({ rounds: 1, stopped: "nothing-new" });
});

test("ends after five rounds, however it still gets better", async () => {
  let drafts = 0;
  const slowly = writes((asked) => {
    drafts += 1;
    const bad = claim(asked)({ text: "It flies.", answers: ["range"], find: "x", quote: "it flies very high" });
    return { claims: [...Array.from({ length: drafts }, () => claim(asked)(PUMP)), bad] };
  });
  const { report } = await research(slowly);
  expect(report).toMatchObject({ rounds: 5, stopped: "out-of-rounds" });
});

test("without a model nothing is written: it gives the passages, and says so", async () => {
  const { report, calls } = await research();
  expect(report).toMatchObject({ kind: "passages", rounds: 0, stopped: "no-model", leftOut: [] });
  expect(report.text).toContain("No model is configured");
  expect(report.text).toContain("goes 42 km on one charge");
  expect([...calls.keys()]).toContain("tool:search_documents");
});

test("a budget that is used up ends it with the best draft there is, and says so", async () => {
  const { report } = await research((asked) => {
    if (isAgain(asked)) throw new PlatformError("BUDGET_EXCEEDED", "nothing is left");
    return writes((first) => ({ claims: [claim(first)(PUMP)], lookFor: ["coffee aboard"] }))(asked);
  });
  expect(report).toMatchObject({ kind: "report", rounds: 1, stopped: "out-of-budget", score: 0.75 });
  expect(report.text).toContain("ended, as the budget was used up");
});

/** One that looks in the wrong place at first, and then where it is told that something is open. */
const narrow = { questions: [{ ...plan.questions[0], queries: ["late trip on Fridays"] }, plan.questions[1]] };
const hasty = writes(
  (asked) => ({ claims: [claim(asked)(PUMP)], lookFor: ["range on one charge in the sea trials"] }),
  narrow,
);
const twice = (asked: Asked) => (isAgain(asked) ? good(asked) : hasty(asked));
const undisturbed = await research(twice);

test("what is still open is looked for, and found in the next round", () => {
  expect(undisturbed.report).toMatchObject({ rounds: 2, score: 1, stopped: "good-enough" });
  expect(undisturbed.drafts.map(({ choice }) => choice)).toEqual(["go-on", "good-enough"]);
  expect(undisturbed.drafts[0]?.reasons).toContain(
    "nothing sound answers range: How far does the Nattergal go on one charge?",
  );
});

strategySuite({
  name: "deep research",
  agent: () => thinking,
  input: QUESTION,
  model: twice,
  output: undisturbed.report,
  test,
});
