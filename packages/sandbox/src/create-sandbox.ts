import { PlatformError } from "@agentcore/contract";
import { removeOrphans } from "./cgroups/open-cgroup.ts";
import type { CodeOptions, CodeResult } from "./code-result.ts";
import { type Machine, openMachine } from "./machine.ts";
import type { HostPolicy } from "./network/start-in-network.ts";
import { openPython, type Python } from "./open-python.ts";
import { openPlaces } from "./places.ts";
import { runJavaScript } from "./run-javascript.ts";
import { type ProgramOptions, type ProgramResult, runProgram } from "./run-program.ts";

export interface Sandbox {
  /**
   * Runs the body of an async function in an isolate of its own, within a process of its own: it finds `input`, `console` and `call`, and
   * gives what it returns. The language alone, without files, network, timers and modules.
   */
  runJavaScript(code: string, options?: CodeOptions): Promise<CodeResult>;
  /** Runs Python with its standard library in a process of its own: it finds `input` and `call`, and gives its last expression. */
  runPython(code: string, options?: CodeOptions): Promise<CodeResult>;
  /**
   * Runs a program of this machine without a shell: programs and libraries of `/usr`, read-only, a work folder of its own, and nothing else.
   */
  runProgram(argv: readonly string[], options?: ProgramOptions): Promise<ProgramResult>;
  /** Ends what runs, whose callers are told CANCELED, and what waits. */
  close(): Promise<void>;
}

export interface SandboxOptions {
  /** Runs at once; further ones wait. @default 4 */
  readonly maxRunning?: number;
  /** Runs that wait; further ones are refused with OVERLOADED. @default 64 */
  readonly maxWaiting?: number;
  /** Where hosts that programs' limits name may lead. @default public addresses alone */
  readonly hostPolicy?: HostPolicy;
}

/** Looks at the machine with the first run. A run throws SANDBOX_UNAVAILABLE when something is missing for it, and says what. */
export const createSandbox = ({ maxRunning = 4, maxWaiting = 64, hostPolicy }: SandboxOptions = {}): Sandbox => {
  const places = openPlaces(maxRunning, maxWaiting);
  const closing = new AbortController();
  let machine: Promise<Machine> | undefined;
  let python: Python | undefined;
  const opened = (): Promise<Machine> => {
    machine ??= open().catch((error: unknown) => {
      // What is missing may be installed by the next time.
      machine = undefined;
      throw error;
    });
    return machine;
  };
  const inPlace = <Options extends { readonly signal?: AbortSignal | undefined }, Result>(
    options: Options | undefined,
    run: (options: Options, machine: Machine) => Promise<Result>,
  ): Promise<Result> => {
    const given = options?.signal;
    const signal = given === undefined ? closing.signal : AbortSignal.any([given, closing.signal]);
    return places.take(async () => run({ ...options, signal } as Options, await opened()), signal);
  };
  return {
    runJavaScript: (code, options) => inPlace(options, (all, on) => runJavaScript(code, all, on)),
    runPython: (code, options) =>
      inPlace(options, (all, on) => {
        python ??= openPython(on);
        return python.run(code, all);
      }),
    runProgram: (argv, options) => inPlace(options, (all, on) => runProgram(argv, all, on, hostPolicy)),
    async close() {
      closing.abort(new PlatformError("CANCELED", "the sandbox was closed"));
      await places.idle();
      await python?.close();
    },
  };
};

const open = async (): Promise<Machine> => {
  const machine = openMachine();
  if (machine.cgroups.version !== null) await removeOrphans(machine.cgroups);
  return machine;
};
