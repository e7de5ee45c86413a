/** Starts what is contained with as much of the network as its limits say. */
import { Server } from "node:net";
import { PlatformError } from "@agentcore/contract";
import type { Lookup } from "@agentcore/outbound";
import type { HostProxy, RefusedHost } from "@agentcore/outbound/host-proxy";
import { guestEntry, guestPrograms, NODE } from "../guest-files.ts";
import { type Machine, sandboxUnavailable } from "../machine.ts";
import { SETPRIV } from "../process/bubblewrap-arguments.ts";
import type { ContainedRun } from "../process/contained-run.ts";
import { type Contained, type Ending, startContained } from "../process/start-contained.ts";
import { certificateFiles, networkFiles } from "../system-folders.ts";

export type { RefusedHost };

/** Where hosts that a sandbox names may lead: to public addresses, and elsewhere as far as this says. */
export interface HostPolicy {
  /** Whether to this machine. @default false */
  readonly allowLoopback?: boolean;
  /** Whether into private networks. @default false */
  readonly allowPrivate?: boolean;
  /** By what a private network would be allowed, and by what this machine, for whom a refusal concerns. @default "the sandbox's hostPolicy" */
  readonly option?: string;
  readonly loopbackOption?: string | undefined;
  /** @default the system's resolver */
  readonly lookup?: Lookup | undefined;
}

export interface NetworkOptions {
  readonly hostPolicy?: HostPolicy | undefined;
  /** Hears of each host that was asked for and not reached, once, and of 20 at most. */
  readonly onRefusedHost?: ((refused: RefusedHost) => void) | undefined;
}

/** As `startContained`; with named hosts, limits of time count from when the program begins. */
export const startInNetwork = (
  run: ContainedRun,
  machine: Machine,
  options: NetworkOptions,
  signal?: AbortSignal,
): Contained => {
  const { network } = run.limits;
  if (network === "none") return startContained(run, machine, signal);
  if (network === "host")
    return startContained({ ...run, mounts: [...networkFiles(), ...run.mounts] }, machine, signal);
  return startBehindProxy(run, machine, { ...options, hosts: network.hosts }, signal);
};

// On a machine that is busy with much else; a tenth of a second is usual.
const START_LIMIT_MS = 60_000;
// Fewer threads of its own, and no word of what is new in it.
const WORDS = ["--v8-pool-size=0", "--no-warnings"];

const startBehindProxy = (
  run: ContainedRun,
  machine: Machine,
  options: NetworkOptions & { readonly hosts: readonly string[] },
  signal?: AbortSignal,
): Contained => {
  // Loaded while the process starts.
  const loading = import("@agentcore/outbound/host-proxy");
  loading.catch(() => undefined);
  const program = [SETPRIV, "--no-new-privs", "--", ...run.argv];
  const contained = startContained(
    {
      ...run,
      argv: [NODE, ...WORDS, guestEntry("opening"), ...program],
      environment: { NODE_CHANNEL_FD: "3" },
      mounts: [...certificateFiles(), ...guestPrograms(), ...run.mounts],
      ...{ hasMessages: true, startMs: START_LIMIT_MS },
    },
    machine,
    signal,
  );
  const { messages } = contained;
  let proxy: HostProxy | undefined;
  let failure: unknown;
  let isStopped = false;
  let isOver = false;
  const begin = async (listener: Server): Promise<void> => {
    const { openHostProxy } = await loading;
    const address = listener.address();
    if (isOver || address === null || typeof address === "string") return void listener.close();
    const { hosts, hostPolicy = {}, onRefusedHost = () => undefined } = options;
    const defaults = { allowLoopback: false, allowPrivate: false, option: "the sandbox's hostPolicy" };
    const policy = { ...defaults, ...hostPolicy };
    proxy = openHostProxy(listener, { hosts, policy, onRefused: onRefusedHost });
    // Who is gone meanwhile is told of by its end.
    messages.send({ ...run.environment, ...proxyVariables(address.port) }, () => undefined);
    contained.begin();
  };
  messages.once("message", (_message, handle) => {
    if (!(handle instanceof Server)) return;
    begin(handle).catch((error: unknown) => {
      failure = error;
      contained.kill();
    });
  });
  const finish = async (): Promise<Ending> => {
    try {
      const ending = await contained.ended;
      if (failure !== undefined) throw PlatformError.from(failure);
      if (proxy === undefined && !isStopped && ending.limit === undefined)
        throw didNotBegin(ending.exitCode, contained.said());
      return ending;
    } finally {
      isOver = true;
      proxy?.close();
    }
  };
  const stopping =
    <Words extends unknown[]>(stop: (...words: Words) => void) =>
    (...words: Words): void => {
      isStopped = true;
      stop(...words);
    };
  return {
    ...contained,
    exceed: stopping(contained.exceed),
    ask: stopping(contained.ask),
    kill: stopping(contained.kill),
    ended: finish(),
  };
};

/** By which programs know of the proxy; Node's own `fetch` from 24 on. */
const proxyVariables = (port: number): Readonly<Record<string, string>> => {
  const proxy = `http://127.0.0.1:${port}`;
  const direct = "localhost,127.0.0.1,::1";
  return {
    ...{ HTTP_PROXY: proxy, HTTPS_PROXY: proxy, http_proxy: proxy, https_proxy: proxy },
    ...{ NO_PROXY: direct, no_proxy: direct, NODE_USE_ENV_PROXY: "1" },
  };
};

const didNotBegin = (exitCode: number, said: string): PlatformError =>
  sandboxUnavailable(
    `the way to named hosts did not open (exit code ${exitCode}): ${said || "without a word"}`,
    "`agentcore doctor` shows what works here.",
  );
