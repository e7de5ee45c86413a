import { expect, test } from "vitest";
import { runInTest } from "../../test/run-in-test.ts";
import { planHardware } from "./plan-hardware.ts";

test("memory and cores are sums over agents, video memory is that of each kind's model on every host", () => {
  const plan = planHardware({ agents: { research: 2, analysis: 1, writing: 3 } });
  expect(plan).toMatchObject({
    ...{ ramGb: 2 * 32 + 128 + 3 * 16, minimumRamGb: 2 * 16 + 64 + 3 * 8, cores: 2 * 8 + 16 + 3 * 4 },
    ...{ nodes: 4, hosts: 4, vramGb: (8 + 24 + 6) * 4, atOnce: 2 * 2 + 1 + 3 * 4 },
    monthlyUsd: 34.8,
  });
});

test("hosts of models may be fewer than nodes", () => {
  const plan = planHardware({ agents: { research: 2, analysis: 0, writing: 3 }, hosts: 1 });
  expect(plan).toMatchObject({ nodes: 2, hosts: 1, vramGb: 14, monthlyUsd: 7.7 });
});

test("there is one node at least", () => {
  expect(planHardware({ agents: { research: 0, analysis: 0, writing: 1 } })).toMatchObject({ nodes: 1, ramGb: 16 });
});

test("a plan is printed for people", async () => {
  const { stdout, code } = await runInTest(["models", "plan", "--research", "2", "--writing", "1"]);
  expect(code).toBe(0);
  expect(stdout.split("\n")).toEqual([
    "KIND      AGENTS  MODEL  RAM GB  LEAST  VRAM GB  CORES  AT ONCE",
    "research  2       7-8b   64      32     16       16     4",
    "writing   1       7-8b   16      8      12       4      4",
    "",
    "nodes:            2 of 64 GB",
    "hosts of models:  2",
    "memory:           80 GB, 40 GB at least",
    "video memory:     28 GB",
    "cores:            20",
    "answers at once:  8",
    "a month:          about $8.20",
    "",
  ]);
});

test("and for programs", async () => {
  const { stdout } = await runInTest(["models", "plan", "--analysis", "1", "--hosts", "1", "-o", "json"]);
  expect(JSON.parse(stdout)).toMatchObject({ ramGb: 128, vramGb: 24, nodes: 2, hosts: 1, monthlyUsd: 10 });
});

test.each([
  [[], /say for how many agents: --research NUMBER/],
  [["--writing", "two"], /--writing two: expected a whole number of 0 or more/],
  [["--writing", "1", "--hosts", "0"], /--hosts 0: expected a whole number of 1 or more/],
  [["--research", "100001"], /expected at most 100000/],
])("what cannot be planned is refused: %#", async (words, message) => {
  const { code, stderr } = await runInTest(["models", "plan", ...words]);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});
