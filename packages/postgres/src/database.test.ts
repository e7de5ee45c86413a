import { once } from "node:events";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { answer, farewell, startServer, welcome } from "../test/fake-server.ts";
import { Database, toPlatformError } from "./database.ts";

afterEach(() => void vi.useRealTimers());

const openDatabase = (url: string): Database => {
  const limits = { statementTimeoutMs: 1_000, idleInTransactionMs: 1_000 };
  const database = new Database({ url, schema: "any", maxConnections: 1, ...limits });
  onTestFinished(() => database.close());
  return database;
};

test("a connection that the server ends in the moment it is ready is an answer, not the end of the process", async () => {
  // It says both in one breath, as one does that is stopped just then.
  const url = await startServer((socket) => socket.once("data", () => socket.end(Buffer.concat([welcome, farewell]))));
  const database = openDatabase(url);
  const uncaught: unknown[] = [];
  const note = (error: unknown): void => void uncaught.push(error);
  process.on("uncaughtException", note);
  onTestFinished(() => void process.removeListener("uncaughtException", note));
  await expect(database.transaction((client) => client.query("select 1"))).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
  });
  expect(uncaught).toEqual([]);
});

test("a query that is not answered in time fails, and the next has another connection: the answer may still come", async () => {
  const ended: Promise<unknown>[] = [];
  const url = await startServer((socket, number) => {
    ended.push(once(socket, "close"));
    socket.once("data", () => {
      socket.write(welcome);
      socket.on("data", () => number > 1 && socket.write(answer));
    });
  });
  const database = openDatabase(url);
  await expect(database.query("any", "select", [], 50)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  await ended[0];
  expect(await database.query("any", "select", [], 5_000)).toEqual([]);
  expect(ended).toHaveLength(2);
});

test("a transaction whose server has gone without a word ends, and says nothing more on that connection", async () => {
  const heard: string[] = [];
  let begun = (): void => {};
  const beginning = new Promise<void>((resolve) => {
    begun = resolve;
  });
  let ended: Promise<unknown> = Promise.resolve();
  const url = await startServer((socket) => {
    ended = once(socket, "close");
    socket.once("data", () => {
      socket.write(welcome);
      socket.on("data", (bytes) => {
        heard.push(bytes.toString());
        begun();
      });
    });
  });
  const database = openDatabase(url);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const refused = expect(database.transaction((client) => client.query("select 1"))).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
  });
  await beginning;
  // What the database is given for a statement, and five seconds to say that it was too long.
  await vi.advanceTimersByTimeAsync(6_000);
  await refused;
  await ended;
  expect(heard).toEqual([expect.stringContaining("begin")]);
});

test("a database whose disk is full says so, and what to do", () => {
  const error = toPlatformError(Object.assign(new Error("could not extend file"), { code: "53100" }));
  expect(error).toMatchObject({
    code: "STORE_UNAVAILABLE",
    message: expect.stringMatching(/no room on its disk \(53100\): could not extend file; make room there/) as string,
  });
});
