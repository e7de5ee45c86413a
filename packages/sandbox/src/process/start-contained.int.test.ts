import { expect, test } from "vitest";
import { openMachine } from "../machine.ts";
import { systemPrograms } from "../system-folders.ts";
import { startContained } from "./start-contained.ts";

test("what is said to begin after it has ended leaves no clock behind, which would end somebody else one day", async () => {
  const day = 86_400_000;
  const contained = startContained(
    {
      ...{
        argv: ["/bin/true"],
        mounts: systemPrograms(),
        files: [],
        environment: {},
        directory: "/",
        onlyThreads: false,
      },
      ...{ startMs: day, base: { memoryBytes: 2 ** 23, dataBytes: 0 } },
      limits: {
        ...{ memoryBytes: 2 ** 26, cpuMs: null, wallMs: day, outputBytes: 1024 },
        ...{ fileBytes: 0, processes: 8, network: "none" },
      },
    },
    openMachine(),
  );
  contained.stdout.resume();
  contained.stdin.end();
  await contained.ended;
  const clocks = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const before = clocks();
  contained.begin();
  expect(clocks()).toBe(before);
});
