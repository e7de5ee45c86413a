import { expect, test } from "vitest";
import { CodingRuntime } from "./coding-runtime.ts";

test("a host that was asked for in vain is told and logged without the secrets that its name is made of", () => {
  const logged: string[] = [];
  const runtime = new CodingRuntime(
    "dev",
    { program: "claude-code", repository: "/repository", env: { KEY: { env: "KEY" } } },
    { variables: { KEY: "sk-ant-AbCdEf123456" }, log: (message) => logged.push(message) },
  );
  const about = { tenantId: "default", taskId: "t" };
  const told = ["sk-ant-AbCdEf123456", "sk-ant-abcdef123456"].map((name) =>
    runtime.noteRefused({ host: `${name}.evil.example`, port: 443, why: "no" }, about),
  );
  expect(told).toEqual(Array(2).fill("the sandbox refused [secret].evil.example:443: no"));
  expect(logged).toEqual(told);
});
