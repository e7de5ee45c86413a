/** Starts the processes of the chaos tests: this Node, the sources of the workspace. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { NODE_COMPILE_CACHE } from "../e2e/node-process.ts";

export interface Ended {
  readonly pid: number;
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

export const startProcess = (
  module: string,
  options: { readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): ChildProcess =>
  spawn(
    process.execPath,
    ["-C", "agentcore-source", fileURLToPath(new URL(module, import.meta.url)), ...(options.args ?? [])],
    {
      env: { PATH: process.env["PATH"], NODE_COMPILE_CACHE, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );

/** Kills it when it takes longer than `timeoutMs`; that end has the signal SIGTERM, which no fault point sends. */
export const ended = (child: ChildProcess, timeoutMs: number): Promise<Ended> =>
  new Promise((resolve, reject) => {
    let stderr = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const timer = setTimeout(() => child.kill("SIGTERM"), timeoutMs);
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ pid: child.pid ?? 0, code, signal, stderr });
    });
  });

export const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const end = text.indexOf("\n");
      if (end >= 0) resolve(text.slice(0, end));
    });
    child.once("close", () => reject(new Error("the process ended before it said anything")));
  });
