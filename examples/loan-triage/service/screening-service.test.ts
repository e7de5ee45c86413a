import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ScreeningFailure, screen } from "../src/domain/screening-client.ts";

let service: ChildProcess;
let url: string;

async function start(): Promise<void> {
  service = spawn(process.execPath, [join(import.meta.dirname, "screening-service.ts"), "--port", "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (!service.stdout) throw new Error("The service has no output");
  const [line] = (await once(createInterface(service.stdout), "line")) as [string];
  url = line.replace("listening on ", "");
}

beforeAll(start);
afterAll(() => {
  service.kill("SIGKILL");
});

const post = (path: string, body: string) => fetch(new URL(path, url), { method: "POST", body });
const control = async (body: object) => expect((await post("/control", JSON.stringify(body))).status).toBe(200);
const failure = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ScreeningFailure);
  return error as ScreeningFailure;
};

describe("the screening service", () => {
  it("tells the listed, their namesakes and others apart", async () => {
    const listed = { name: "DRAZHENKO Viktor", dateOfBirth: "1968-02-29" };
    expect(await screen(listed, { url })).toEqual({
      match: true,
      score: 1,
      list: "EX-CONSOLIDATED",
      entry: "Viktor Drazhenko",
      dateOfBirthMatches: true,
    });
    expect(await screen({ ...listed, dateOfBirth: "1990-01-01" }, { url })).toMatchObject({
      match: true,
      dateOfBirthMatches: false,
    });
    expect(await screen({ name: "Victor Drazhenko" }, { url })).toMatchObject({ match: true });
    expect(await screen({ name: "Ingrid Halvorsen" }, { url })).toMatchObject({ match: false });
  });

  it("fails as often as told, which is worth a retry, then answers again", async () => {
    await control({ mode: "fail", count: 2 });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect(await failure(screen({ name: "Ann Lee" }, { url }))).toMatchObject({
        kind: "server-error",
        status: 503,
        retryable: true,
      });
    }
    expect(await screen({ name: "Ann Lee" }, { url })).toMatchObject({ match: false });
  });

  it("goes on with what it was told to do next", async () => {
    await control({ mode: "fail", count: 1, next: "hang" });
    expect(await failure(screen({ name: "Ann Lee" }, { url }))).toMatchObject({ kind: "server-error" });
    for (let attempt = 0; attempt < 2; attempt += 1)
      expect(await failure(screen({ name: "Ann Lee" }, { url, timeoutMs: 100 }))).toMatchObject({ kind: "timeout" });
  });

  it("hangs when told; the client gives up in time and others are served", async () => {
    await control({ mode: "hang", count: 1 });
    const hanging = failure(screen({ name: "Ann Lee" }, { url, timeoutMs: 300 }));
    // Hanging is one question's fate, not the service's.
    await expect
      .poll(async () => ((await (await fetch(new URL("/healthz", url))).json()) as { mode: string }).mode)
      .toBe("ok");
    expect(await screen({ name: "Bob Ray" }, { url })).toMatchObject({ match: false });
    expect(await hanging).toMatchObject({ kind: "timeout", retryable: true });
  });

  it("is slow when told", async () => {
    await control({ mode: "slow", delayMs: 150, count: 2 });
    expect(await failure(screen({ name: "Ann Lee" }, { url, timeoutMs: 50 }))).toMatchObject({ kind: "timeout" });
    expect(await screen({ name: "Ann Lee" }, { url, timeoutMs: 5_000 })).toMatchObject({ match: false });
  });

  it("an aborted caller gets its own reason, not a failure of the service", async () => {
    await control({ mode: "hang", count: 1 });
    await expect(screen({ name: "Ann Lee" }, { url, signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      name: "TimeoutError",
    });
    await control({ mode: "ok" });
  });

  it("refuses what is no question for good", async () => {
    expect(await failure(screen({ name: "" }, { url }))).toMatchObject({
      kind: "rejected",
      status: 400,
      retryable: false,
    });
    expect((await post("/screen", "no json")).status).toBe(400);
    expect((await post("/control", '{"mode":"explode"}')).status).toBe(400);
    expect((await post("/screen", JSON.stringify({ name: "x".repeat(20_000) }))).status).toBe(413);
    expect((await fetch(new URL("/other", url))).status).toBe(404);
  });

  it("ends cleanly on SIGTERM, even with a question hanging, and is then unreachable", async () => {
    await control({ mode: "hang" });
    const hanging = failure(screen({ name: "Ann Lee" }, { url, timeoutMs: 10_000 }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    service.kill("SIGTERM");
    expect(await once(service, "exit")).toEqual([0, null]);
    expect(await hanging).toMatchObject({ kind: "unreachable", retryable: true });
    expect(await failure(screen({ name: "Ann Lee" }, { url }))).toMatchObject({ kind: "unreachable", retryable: true });
    await start();
  });
});
