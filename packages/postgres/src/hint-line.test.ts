import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { done, startServer, welcome } from "../test/fake-server.ts";
import { HintLine } from "./hint-line.ts";

afterEach(() => void vi.useRealTimers());

test("a node starts without hints when the server does not answer its line, which is given up for another", async () => {
  let connected = (): void => {};
  let connection = new Promise<void>((resolve) => {
    connected = resolve;
  });
  const url = await startServer(() => connected());
  const line = new HintLine(url, "any", "me");
  onTestFinished(() => line.close());
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const opened = line.open();
  await connection;
  connection = new Promise<void>((resolve) => {
    connected = resolve;
  });
  await vi.advanceTimersByTimeAsync(5_000);
  await opened;
  await vi.advanceTimersByTimeAsync(1_000);
  await connection;
});

test("a line whose server is silent is given up for another, and does not keep a node from closing", async () => {
  const heard: string[] = [];
  let again = (): void => {};
  const second = new Promise<void>((resolve) => {
    again = resolve;
  });
  let answered = 0;
  const url = await startServer((socket, number) => {
    socket.once("data", () => {
      if (number > 1) again();
      socket.write(welcome);
      // The two queries of its opening are answered, no notification is.
      socket.on("data", (bytes) => {
        heard.push(bytes.toString());
        if (++answered <= 2) socket.write(done);
      });
    });
  });
  const line = new HintLine(url, "any", "me");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  await line.open();
  await expect.poll(() => heard.at(-1)).toContain("pg_notify");
  await vi.advanceTimersByTimeAsync(6_000);
  await second;
  const closed = line.close();
  await vi.advanceTimersByTimeAsync(5_000);
  await closed;
});
