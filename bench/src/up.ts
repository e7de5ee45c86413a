/** The command `agentcore up`, of the production install when there can be one, else of the sources. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { productionInstall } from "./production-install.ts";

export interface UpCommand {
  readonly options: readonly string[];
  readonly cwd: string;
  readonly note: string;
}

export const upCommand = (): UpCommand => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  if (process.env["BENCH_FROM_SOURCE"] === undefined) {
    const installed = productionInstall();
    const program = join(installed, "node_modules", "agentcore", "bin", "agentcore.mjs");
    return {
      options: [program],
      cwd: installed,
      note: "ours: `agentcore up` from a production install, data folder and compile cache warm",
    };
  }
  const program = join(root, "packages", "cli", "bin", "agentcore.mjs");
  return {
    options: ["-C", "agentcore-source", program],
    cwd: root,
    note: "ours: `agentcore up` from TypeScript sources (BENCH_FROM_SOURCE), slower than the published package",
  };
};

export interface Up {
  readonly process: ChildProcess;
  /** Milliseconds from spawn to the first 200 of /readyz. */
  readonly readyMs: number;
  stop(): Promise<void>;
}

export const startUp = async ({ options, cwd }: UpCommand, dataDirectory: string): Promise<Up> => {
  const port = await freePort();
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...options, "up", "--port", String(port), "--data", dataDirectory], {
    cwd,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  while ((await statusOf(port)) !== 200) {
    if (child.exitCode !== null)
      throw new Error(`agentcore up ended with code ${child.exitCode}: ${said.trim().slice(-800)}`);
    if (performance.now() - startedAt > 20_000) {
      child.kill("SIGKILL");
      throw new Error(`agentcore up was not ready after 20 s: ${said.trim().slice(-800)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return {
    process: child,
    readyMs: performance.now() - startedAt,
    stop: async () => {
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      await gone;
    },
  };
};

const statusOf = (port: number): Promise<number | null> =>
  new Promise((resolve) => {
    const asked = request({ host: "127.0.0.1", port, path: "/readyz", agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? null);
    });
    asked.on("error", () => resolve(null));
    asked.end();
  });

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
};
