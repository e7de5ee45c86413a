/** Every verb, in the order of help. A verb's module is loaded when it is asked for, so that no verb slows another's start. */
import type { Command } from "./command.ts";

const loaders = {
  up: async () => (await import("./commands/up.ts")).command,
  dev: async () => (await import("./commands/dev.ts")).command,
  apply: async () => (await import("./commands/apply.ts")).command,
  diff: async () => (await import("./commands/diff.ts")).command,
  get: async () => (await import("./commands/get.ts")).command,
  describe: async () => (await import("./commands/describe.ts")).command,
  delete: async () => (await import("./commands/delete.ts")).command,
  run: async () => (await import("./commands/run.ts")).command,
  send: async () => (await import("./commands/send.ts")).command,
  authorize: async () => (await import("./commands/authorize.ts")).command,
  cancel: async () => (await import("./commands/cancel.ts")).command,
  retry: async () => (await import("./commands/retry.ts")).command,
  watch: async () => (await import("./commands/watch.ts")).command,
  logs: async () => (await import("./commands/logs.ts")).command,
  trace: async () => (await import("./commands/trace.ts")).command,
  drain: async () => (await import("./commands/drain.ts")).command,
  undrain: async () => (await import("./commands/undrain.ts")).command,
  backup: async () => (await import("./commands/backup.ts")).command,
  restore: async () => (await import("./commands/restore.ts")).command,
  gc: async () => (await import("./commands/gc.ts")).command,
  doctor: async () => (await import("./commands/doctor.ts")).command,
  completion: async () => (await import("./commands/completion.ts")).command,
  version: async () => (await import("./commands/version.ts")).command,
  help: async () => (await import("./commands/help.ts")).command,
} satisfies Record<string, () => Promise<Command>>;

export const VERBS: readonly string[] = Object.keys(loaders);

/** Undefined when there is no such verb. */
export const loadCommand = async (verb: string): Promise<Command | undefined> =>
  Object.hasOwn(loaders, verb) ? loaders[verb as keyof typeof loaders]() : undefined;

export const loadAllCommands = (): Promise<readonly Command[]> =>
  Promise.all(Object.values(loaders).map((load): Promise<Command> => load()));
