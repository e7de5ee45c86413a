/** Agents whose code attacks what it runs on, and tells what came of it. */
import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { connect } from "node:net";
import { Worker } from "node:worker_threads";
import { agent } from "@agentcore/sdk";
import { z } from "zod";
import { KIND } from "./kind.ts";

const outcomeOf = async (attempt: () => unknown): Promise<unknown> => {
  try {
    return (await attempt()) ?? null;
  } catch (error) {
    return `refused: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`;
  }
};

const reached = (port: number, host: string): Promise<unknown> =>
  new Promise((resolve) => {
    const socket = connect({ port, host });
    socket.once("connect", () => resolve("connected"));
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(`refused: ${error.code}`));
  });

const Target = z.object({ data: z.string(), port: z.number(), nodePid: z.number(), outside: z.string() });

export const attacker = agent({
  name: "attacker",
  description: "Tries to get out",
  input: Target,
  async run({ input: { data, port, nodePid, outside } }, ctx) {
    return {
      kind: KIND,
      step: await ctx.step("one", () => `in process ${process.pid}`),
      password: await outcomeOf(() => readFileSync("/etc/passwd", "utf8")),
      data: await outcomeOf(() => readdirSync(data)),
      home: await outcomeOf(() => readdirSync("/root")),
      root: readdirSync("/").sort(),
      environment: Object.keys(process.env).sort(),
      identity: [process.getuid?.(), process.getgid?.()],
      processes: readdirSync("/proc").filter((name) => /^\d+$/.test(name)).length,
      nodePort: await reached(port, "127.0.0.1"),
      elsewhere: await reached(80, "1.1.1.1"),
      name: await outcomeOf(() => fetch("http://localhost:1/")),
      killNode: await outcomeOf(() => process.kill(nodePid, "SIGKILL")),
      memoryOfParent: await outcomeOf(() => readFileSync(`/proc/${process.ppid}/mem`)),
      traceSelf: await outcomeOf(traced),
      writeOutside: await outcomeOf(() => writeFileSync(outside, "x")),
      writeOwnCode: await outcomeOf(() => writeFileSync(new URL(import.meta.url).pathname, "x")),
      writeRoot: await outcomeOf(() => writeFileSync("/x", "x")),
      writeShared: await outcomeOf(() => writeFileSync("/dev/shm/x", "x")),
      writeWork: await outcomeOf(() => {
        writeFileSync("/work/x", "kept");
        return readFileSync("/work/x", "utf8");
      }),
      fillWork: await outcomeOf(() => {
        for (let part = 0; ; part++) writeFileSync(`/work/part-${part}`, Buffer.alloc(2 ** 20));
      }),
      shell: await outcomeOf(() => {
        const { error } = spawnSync("/bin/sh", ["-c", "id"]);
        if (error !== undefined) throw error;
      }),
      forked: await countUntilRefused(),
    };
  },
});

/** A program of twelve instructions, for x64, that asks to be traced and ends with the number of the error. */
const TRACED = Buffer.from(
  "7f454c4602010100000000000000000002003e00010000007800400000000000400000000000000000000000000000000000000040003800010000000000000001000000050000000000000000000000000040000000000000004000000000009b000000000000009b000000000000000010000000000000" +
    "b86500000031ff31f631d24d31d20f05f7d889c7b83c0000000f05",
  "hex",
);

const traced = (): never => {
  if (process.arch !== "x64") throw new Error("EPERM");
  writeFileSync("/work/traced", TRACED, { mode: 0o755 });
  const { status, error } = spawnSync("/work/traced");
  if (error !== undefined) throw error;
  throw new Error(status === 1 ? "EPERM" : `ended with ${status}`);
};

/** Processes that stay, until no more are made. */
const countUntilRefused = async (): Promise<number> => {
  let made = 0;
  for (; made < 500; made++) {
    const child = spawn("/opt/agentcore/node", ["-e", "setTimeout(() => {}, 20000)"], { stdio: "ignore" });
    const isStarted = await new Promise((resolve) => {
      child.once("spawn", () => resolve(true));
      child.once("error", () => resolve(false));
    });
    if (isStarted !== true) break;
  }
  return made;
};

/** Of this process, among all that there were. */
const LIFE = randomUUID();

/** Attacks in its first process, within a step, and tells of both in a later one. */
const once = (name: string, attack: () => unknown) =>
  agent({
    name,
    description: "Attacks once",
    async run(_, ctx) {
      const first = await ctx.step("first", () => LIFE);
      const second = await ctx.step("second", async () => {
        if (first === LIFE) await attack();
        return LIFE;
      });
      return { first, second };
    },
  });

export const mortal = once("mortal", () => process.kill(process.pid, "SIGKILL"));

/** Memory that is no heap. */
export const hoarder = once("hoarder", async () => {
  const all: Buffer[] = [];
  for (;;) {
    all.push(Buffer.alloc(2 ** 24, 1));
    await new Promise((done) => setImmediate(done));
  }
});

/** Its task waits, and its event loop rests. */
export const burner = once("burner", () => {
  for (let thread = 0; thread < 2; thread++) new Worker("for (;;);", { eval: true });
  return new Promise(() => {});
});

export const liar = agent({
  name: "liar",
  description: "Says to the node what is none of its messages",
  async run() {
    writeSync(4, '{"type":"ended","run":7,"value":1}\n{"type":"call","run":[]}\n{"type":"dropped"}\nnull\n');
    await new Promise(() => {});
  },
});

/** Asks without end, and reads no answer. */
export const pestering = agent({
  name: "pestering",
  description: "Asks and asks",
  run() {
    const questions = '{"type":"ask","run":1,"method":"now","values":[]}\n'.repeat(1_000);
    for (;;) writeSync(4, questions);
  },
});

/** Prints without end, and what would be a line of the node's own. */
export const loud = agent({
  name: "loud",
  description: "Prints",
  async run() {
    process.stdout.write('{"level":"error","message":"forged"}\n\u001b[2J');
    for (let n = 0; n < 3_000; n++) process.stdout.write(`${"x".repeat(1_000)}\n`);
    return "done";
  },
});

export const plain = agent({ name: "plain", description: "Adds one", run: (task) => Number(task.input) + 1 });

export const pretender = { ...plain, skills: [{ id: 5 }] };
