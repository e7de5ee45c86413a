import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ensureScreeningService } from "./ensure-service.ts";
import { createScreeningServer } from "./screening-server.ts";

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

async function freeAddress(): Promise<string> {
  const server = createServer();
  const address = await listen(server);
  server.close();
  await once(server, "close");
  return address;
}

const isHealthy = (address: string) =>
  fetch(new URL("/healthz", address)).then(
    ({ ok }) => ok,
    () => false,
  );

it("leaves a service alone that answers", async () => {
  const server = createScreeningServer();
  expect(await ensureScreeningService(await listen(server))).toEqual({ state: "answers" });
  server.close();
});

it("starts one process, also when asked twice at once", async () => {
  const address = await freeAddress();
  const both = await Promise.all([ensureScreeningService(address), ensureScreeningService(address)]);
  expect(both.map(({ state }) => state).sort()).toEqual(["answers", "started"]);
  expect(await isHealthy(address)).toBe(true);
  process.kill(both.find(({ pid }) => pid !== undefined)?.pid ?? Number.NaN, "SIGTERM");
  await expect.poll(() => isHealthy(address)).toBe(false);
});

it("starts nothing for another machine, and nothing where something else listens", async () => {
  expect(await ensureScreeningService("http://screening.invalid:4790")).toMatchObject({ state: "absent" });
  const other = createServer((_, response) => response.end('{"status":"ok"}'));
  expect(await ensureScreeningService(await listen(other))).toMatchObject({ state: "absent" });
  other.close();
});

it("the service ends with the process that started it, even when that is killed", async () => {
  const address = await freeAddress();
  const script = `
    import { ensureScreeningService } from ${JSON.stringify(join(import.meta.dirname, "ensure-service.ts"))};
    console.log((await ensureScreeningService(${JSON.stringify(address)})).state);
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  expect(String((await once(parent.stdout, "data"))[0])).toBe("started\n");
  expect(await isHealthy(address)).toBe(true);
  parent.kill("SIGKILL");
  await expect.poll(() => isHealthy(address), { timeout: 5_000 }).toBe(false);
});

it("does not keep its parent from ending", async () => {
  const address = await freeAddress();
  const script = `
    import { ensureScreeningService } from ${JSON.stringify(join(import.meta.dirname, "ensure-service.ts"))};
    await ensureScreeningService(${JSON.stringify(address)});`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" });
  expect(await once(parent, "exit")).toEqual([0, null]);
  await expect.poll(() => isHealthy(address), { timeout: 5_000 }).toBe(false);
});
