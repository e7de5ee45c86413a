import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";

test("a Node that cannot become another program says so and ends", async () => {
  const older = ["--import", "data:text/javascript,delete process.execve"];
  const child = spawn(process.execPath, [...older, join(import.meta.dirname, "opening.ts"), "/bin/true"], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (piece: string) => (said += piece));
  child.on("message", () => child.send({}));
  expect(await once(child, "close")).toEqual([1, null]);
  expect(said).toContain(`Node ${process.version} cannot become another program; Node 24 can`);
}, 10_000);
