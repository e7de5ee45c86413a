import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { firstLine } from "./child-process.ts";

/** A PostgreSQL of our own, since it is going to be taken down. Null when none can be had. */
export const startDatabase = async () => {
  const { AGENTCORE_TEST_POSTGRES_URL: _, ...env } = process.env;
  const services = spawn(process.execPath, [fileURLToPath(new URL("../../scripts/services.mjs", import.meta.url))], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void services.kill("SIGTERM"));
  const line = await firstLine(services).catch(() => "");
  const url = /=(postgres:.*)$/.exec(line)?.[1];
  return url === undefined ? null : { url, crash: () => services.kill("SIGHUP") };
};
