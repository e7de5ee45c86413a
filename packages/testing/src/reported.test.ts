import { agent, type ErrorReport, type LogReport, type MeasureReport, PlatformError, reported } from "@agentcore/sdk";
import { expect, test } from "vitest";
import { testAgent } from "./index.ts";

/** Keeps what it is told. */
const listener = (topic: string, told: unknown[]) =>
  agent({
    name: topic.replace(".", "-"),
    description: "Listens",
    subscribes: [topic],
    run: (task) => void told.push((task.input as { payload: unknown }).payload),
  });

const told = async (run: ReturnType<typeof reported>, crashAt?: number) => {
  const logs: LogReport[] = [];
  const errors: ErrorReport[] = [];
  const measures: MeasureReport[] = [];
  const speaker = agent({ name: "speaker", description: "Tells", run });
  const listeners = [
    listener("log.written", logs),
    listener("error.raised", errors),
    listener("metric.measured", measures),
  ];
  const world = await testAgent([speaker, ...listeners], crashAt === undefined ? {} : { crashAt });
  const done = await world.run({ n: 1 });
  await world.close();
  return { logs, errors, measures, done };
};

test("what a task says is told once, when it ends, however much it was", async () => {
  const { logs, errors, measures, done } = await told(
    reported(
      async (_, ctx, report) => {
        for (let index = 0; index < 250; index++) report.log.info(`line ${index}`, { index });
        report.measure("bytes", 3, { from: "disk" });
        report.measure("bytes", Number.NaN);
        await ctx.step("work", () => 1);
        try {
          throw new PlatformError("UNAVAILABLE", "the stock does not answer", {
            cause: new Error("socket closed"),
            details: { order: 7 },
          });
        } catch (error) {
          report.error(error, { doing: "asking the stock" });
        }
        return "done";
      },
      { measure: true },
    ),
  );
  expect(done.output).toBe("done");
  expect(logs).toMatchObject([{ dropped: 50, task: { id: done.taskId, caller: "test" } }]);
  expect(logs[0]?.entries).toHaveLength(200);
  expect(logs[0]?.entries.at(-1)).toMatchObject({ level: "info", message: "line 249", fields: { index: 249 } });
  expect(errors).toMatchObject([
    {
      errors: [
        {
          ...{ code: "UNAVAILABLE", retryable: true, fatal: false, doing: "asking the stock", details: { order: 7 } },
          causes: [{ message: "socket closed" }],
        },
      ],
    },
  ]);
  expect(measures[0]?.measures.map(({ name, labels }) => [name, labels])).toEqual([
    ["bytes", { from: "disk" }],
    ["task.duration", { outcome: "completed" }],
  ]);
});

test("what is told may be another in a replay: wherever its process dies, the task ends as it would have", async () => {
  let line = 0;
  const speaker = agent({
    name: "speaker",
    description: "Tells",
    run: reported(async (_, ctx, report) => {
      await ctx.step("work", () => 1);
      report.log.info("took", { ms: line++ });
      report.measure("took", line++);
      report.error(new Error(`at ${line++}`));
      return "done";
    }),
  });
  const play = async (crashAt?: number) => {
    const world = await testAgent([speaker], crashAt === undefined ? {} : { crashAt });
    const { output } = await world.run(null);
    const { commits } = world;
    await world.close();
    return { output, commits };
  };
  const { commits } = await play();
  for (let at = 1; at <= commits; at++) expect([at, (await play(at)).output]).toEqual([at, "done"]);
});

test("a number is told as whoever keeps it takes it", async () => {
  const { measures } = await told(
    reported((_, __, report) => {
      report.measure("", 1);
      const labels = Object.fromEntries(Array.from({ length: 20 }, (_each, n) => [`l${n}`, "x".repeat(300)]));
      report.measure("n".repeat(300), 1, { ...labels, n: 7 as never });
    }),
  );
  expect(measures[0]?.measures).toHaveLength(1);
  const [{ name, labels = {} } = { name: "" }] = measures[0]?.measures ?? [];
  expect([name.length, Object.keys(labels).length, labels["l0"]?.length]).toEqual([200, 10, 200]);
});

test("the error that ends a task is told, and is what it ends with", async () => {
  const { errors, done } = await told(
    reported(async () => {
      throw new PlatformError("NOT_FOUND", "there is no order 7");
    }),
  );
  expect(done.error).toMatchObject({ code: "NOT_FOUND" });
  expect(errors).toMatchObject([{ errors: [{ code: "NOT_FOUND", fatal: true, retryable: false }] }]);
});

test("a fresh log tells what was said before it, and nothing is told twice after a crash", async () => {
  const run = reported(async (task, ctx, report) => {
    const round = Number(task.continuedFrom ?? 0);
    report.log.info(`round ${round}`);
    await ctx.step("work", () => round);
    return round < 2 ? ctx.continueAs(round + 1) : round;
  });
  for (const crashAt of [undefined, 1, 2, 3, 4]) {
    const { logs } = await told(run, crashAt);
    expect(logs.map(({ entries }) => entries.map(({ message }) => message))).toEqual([
      ["round 0"],
      ["round 1"],
      ["round 2"],
    ]);
  }
});

test("what cannot be told fails no task", async () => {
  const { logs, done } = await told(
    reported(async (_, __, report) => {
      const round: { self?: unknown } = {};
      round.self = round;
      report.log.warn("round", { round, big: "x" });
      report.log.warn("large", { text: "x".repeat(10_000) });
      return 1;
    }),
  );
  expect(done.output).toBe(1);
  expect(logs[0]?.entries.map(({ fields }) => fields)).toEqual([
    { leftOut: "no JSON" },
    { leftOut: "10011 characters" },
  ]);
});
