/** What a run may take. One shape for all kinds; a kind that cannot have one of them refuses it. */
import { PlatformError, SandboxNetwork } from "@agentcore/contract";

export interface SandboxLimits {
  /**
   * What all its processes hold together, files of its work folder included; on top of what an empty JavaScript or Python takes.
   * 8 MiB to 64 GiB. @default 256 MiB
   */
  readonly memoryBytes: number;
  /** Milliseconds of the processor, all its processes and threads together; held to some 50 ms. 10 to a day. @default 10000 */
  readonly cpuMs: number;
  /** Milliseconds from its start. 10 to a day. @default 60000 */
  readonly wallMs: number;
  /** Of its output: of a program stdout and stderr together, of code what it prints, and its result apart. 1 KiB to 64 MiB. @default 1 MiB */
  readonly outputBytes: number;
  /** Programs only: what its work folder holds, and the most that one file of a bound folder may have. 0 to 64 GiB. @default 64 MiB */
  readonly fileBytes: number;
  /** Programs only: processes and their threads at once. 1 to 4096. @default 64 */
  readonly processes: number;
  /**
   * Programs only. `host`: all that this machine reaches, itself included; `hosts`: those that are named, and nothing else, for which 64 MiB of memory and 8
   * processes are the least. @default "none"
   */
  readonly network: SandboxNetwork;
}

/** The limits that ended a run. Of the others the code itself sees: no room on the disk, no further process, no network. */
export type EndingLimit = "memoryBytes" | "cpuMs" | "wallMs" | "outputBytes";

export type CodeLimits = Pick<SandboxLimits, EndingLimit>;

const MIB = 2 ** 20;
const DAY_MS = 86_400_000;

export const DEFAULT_LIMITS: SandboxLimits = Object.freeze({
  memoryBytes: 256 * MIB,
  cpuMs: 10_000,
  wallMs: 60_000,
  outputBytes: MIB,
  fileBytes: 64 * MIB,
  processes: 64,
  network: "none",
});

const RANGES = {
  memoryBytes: [8 * MIB, 65_536 * MIB],
  cpuMs: [10, DAY_MS],
  wallMs: [10, DAY_MS],
  outputBytes: [1_024, 64 * MIB],
  fileBytes: [0, 65_536 * MIB],
  processes: [1, 4_096],
} as const;

/** What Node takes, as which such a program begins. */
const LEAST_WITH_HOSTS = { memoryBytes: 64 * MIB, processes: 8 } as const;

const CODE_LIMITS: ReadonlySet<string> = new Set(["memoryBytes", "cpuMs", "wallMs", "outputBytes"]);

/** Throws INVALID_ARGUMENT for a limit that there is not, or that is out of its range. */
export const readProgramLimits = (given: Partial<SandboxLimits> = {}): SandboxLimits => {
  const limits = { ...DEFAULT_LIMITS, ...withoutUndefined(given) };
  for (const [name, value] of Object.entries(limits)) {
    if (name === "network") {
      checkNetwork(value);
      continue;
    }
    if (!(name in RANGES))
      throw refusal(name, `there is no such limit; there are ${Object.keys(DEFAULT_LIMITS).join(", ")}`);
    const [least, most] = RANGES[name as keyof typeof RANGES];
    if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most)
      throw refusal(name, `expected a whole number from ${least} to ${most}, got ${show(value)}`);
  }
  if (typeof limits.network === "object")
    for (const [name, least] of Object.entries(LEAST_WITH_HOSTS))
      if ((limits[name as keyof typeof LEAST_WITH_HOSTS] as number) < least)
        throw refusal(name, `expected ${least} at least where network names hosts`);
  return limits;
};

const checkNetwork = (network: unknown): void => {
  const read = SandboxNetwork.safeParse(network);
  if (read.success) return;
  const [issue] = read.error.issues;
  const where = (issue?.path ?? []).map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  throw refusal(`network${where}`, issue?.message ?? "expected a network");
};

/** Code in a language has no files, processes or network at all. Throws INVALID_ARGUMENT as for programs. */
export const readCodeLimits = (given: Partial<CodeLimits> = {}): SandboxLimits => {
  const foreign = Object.keys(withoutUndefined(given)).find((name) => !CODE_LIMITS.has(name));
  if (foreign !== undefined)
    throw refusal(
      foreign,
      `code has no such limit, as it has no files, processes or network; it has ${[...CODE_LIMITS].join(", ")}`,
    );
  return { ...readProgramLimits(given), fileBytes: 0, processes: 1 };
};

const withoutUndefined = <T extends object>(given: T): T =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;

const show = (value: unknown): string => (typeof value === "string" ? JSON.stringify(value) : String(value));

const refusal = (name: string, description: string): PlatformError =>
  new PlatformError("INVALID_ARGUMENT", `limits.${name}: ${description}`, {
    violations: [{ field: `limits.${name}`, description }],
  });
