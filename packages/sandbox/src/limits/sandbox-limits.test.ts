import { expect, test } from "vitest";
import { DEFAULT_LIMITS, readCodeLimits, readProgramLimits } from "./sandbox-limits.ts";

test("what is not given is as documented", () => {
  expect(readProgramLimits()).toEqual(DEFAULT_LIMITS);
  expect(readProgramLimits({ cpuMs: 50, wallMs: undefined as unknown as number })).toEqual({
    ...DEFAULT_LIMITS,
    cpuMs: 50,
  });
  expect(readCodeLimits({ cpuMs: 50 })).toEqual({ ...DEFAULT_LIMITS, cpuMs: 50, fileBytes: 0, processes: 1 });
});

test("what is no limit, or out of range, is refused by its name", () => {
  for (const given of [
    { cpuMs: 1.5 },
    { cpuMs: "10" },
    { memoryBytes: 1 },
    { processes: 0 },
    { network: "lan" },
    { memory: 5 },
    { wallMs: Number.NaN },
  ])
    expect(() => readProgramLimits(given as object), JSON.stringify(given)).toThrow(`limits.${Object.keys(given)[0]}`);
  expect(() => readCodeLimits({ network: "none" } as object)).toThrow("limits.network");
});
