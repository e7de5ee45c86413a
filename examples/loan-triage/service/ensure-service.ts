import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { z } from "zod";

const Health = z.object({ status: z.literal("ok"), mode: z.string() });
const healthTimeoutMs = 1_000;
const startTimeoutMs = 10_000;

export interface EnsuredService {
  /** `answers`: it was there. `started`: it is there now. `absent`: it cannot be started from here, or would not start. */
  readonly state: "answers" | "started" | "absent";
  /** Of the process, when it was started. */
  readonly pid?: number;
  readonly why?: string;
}

/** Starts the screening service when its address is on this machine and nothing listens there, as a process of its own
 *  that ends with this one. Never throws for a service that is away: that is what the second compliance agent is for. */
export async function ensureScreeningService(address: string, signal?: AbortSignal): Promise<EnsuredService> {
  if (await answers(address, signal)) return { state: "answers" };
  const { protocol, hostname, port } = new URL(address);
  if (protocol !== "http:" || (hostname !== "127.0.0.1" && hostname !== "localhost"))
    return { state: "absent", why: `${address} does not answer and is not on this machine` };
  const service = fork(join(import.meta.dirname, "screening-service.ts"), ["--port", port || "80"], {
    // A debugger's port or a loader of this process is no business of the service.
    execArgv: [],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const began = await listening(service, signal);
  // The channel stays open, so that the service notices when this process ends, but keeps nobody waiting.
  service.unref();
  service.channel?.unref();
  if (began) return service.pid === undefined ? { state: "started" } : { state: "started", pid: service.pid };
  service.kill();
  // Somebody else may have been quicker: two triages can begin at once.
  if (await answers(address, signal)) return { state: "answers" };
  return { state: "absent", why: `${address} does not answer, and no service could be started there` };
}

async function answers(address: string, signal?: AbortSignal): Promise<boolean> {
  const timeout = AbortSignal.timeout(healthTimeoutMs);
  try {
    const response = await fetch(new URL("/healthz", address), {
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    // Something else may listen there, and many things answer this path.
    return response.ok && Health.safeParse(await response.json()).success;
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}

/** True when the service says that it listens; false when it ends first, cannot be started or says nothing in time. */
function listening(service: ChildProcess, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const giveUp = AbortSignal.any([AbortSignal.timeout(startTimeoutMs), ...(signal ? [signal] : [])]);
    const settle = (result: boolean) => (): void => resolve(result);
    service.once("message", settle(true));
    service.once("exit", settle(false));
    service.once("error", settle(false));
    giveUp.addEventListener("abort", settle(false), { once: true });
  });
}
