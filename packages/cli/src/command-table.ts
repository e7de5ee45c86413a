/** Every verb, in the order of help. A verb's module is loaded when it is asked for, so that no verb slows another's start. */
import type { Command } from "./command.ts";
import { splitVerb } from "./parse-command-line.ts";

const loaders = {
  init: async () => (await import("./commands/init.ts")).command,
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
  inbox: async () => (await import("./commands/inbox.ts")).command,
  decide: async () => (await import("./commands/decide.ts")).command,
  signal: async () => (await import("./commands/signal.ts")).command,
  cancel: async () => (await import("./commands/cancel.ts")).command,
  retry: async () => (await import("./commands/retry.ts")).command,
  replay: async () => (await import("./commands/replay.ts")).command,
  checkpoints: async () => (await import("./commands/checkpoints.ts")).command,
  migrate: async () => (await import("./commands/migrate.ts")).command,
  fork: async () => (await import("./commands/fork.ts")).command,
  debug: async () => (await import("./commands/debug.ts")).command,
  watch: async () => (await import("./commands/watch.ts")).command,
  logs: async () => (await import("./commands/logs.ts")).command,
  trace: async () => (await import("./commands/trace.ts")).command,
  "workflow graph": async () => (await import("./commands/workflow/graph.ts")).command,
  "workflow progress": async () => (await import("./commands/workflow/progress.ts")).command,
  models: async () => (await import("./commands/models.ts")).command,
  "models plan": async () => (await import("./commands/models/plan.ts")).command,
  standard: async () => (await import("./commands/standard.ts")).command,
  tools: async () => (await import("./commands/tools.ts")).command,
  "tools libraries": async () => (await import("./commands/tools/libraries.ts")).command,
  "tools list": async () => (await import("./commands/tools/list.ts")).command,
  "tools consents": async () => (await import("./commands/tools/consents.ts")).command,
  "tools revoke": async () => (await import("./commands/tools/revoke.ts")).command,
  "tools call": async () => (await import("./commands/tools/call.ts")).command,
  mcp: async () => (await import("./commands/mcp.ts")).command,
  memory: async () => (await import("./commands/memory.ts")).command,
  "memory list": async () => (await import("./commands/memory/list.ts")).command,
  "memory recall": async () => (await import("./commands/memory/recall.ts")).command,
  "memory show": async () => (await import("./commands/memory/show.ts")).command,
  "memory forget": async () => (await import("./commands/memory/forget.ts")).command,
  chat: async () => (await import("./commands/chat.ts")).command,
  drain: async () => (await import("./commands/drain.ts")).command,
  undrain: async () => (await import("./commands/undrain.ts")).command,
  "a2a card": async () => (await import("./commands/a2a/card.ts")).command,
  "a2a send": async () => (await import("./commands/a2a/send.ts")).command,
  "a2a watch": async () => (await import("./commands/a2a/watch.ts")).command,
  "a2a verify": async () => (await import("./commands/a2a/verify.ts")).command,
  budget: async () => (await import("./commands/budget.ts")).command,
  usage: async () => (await import("./commands/usage.ts")).command,
  cache: async () => (await import("./commands/cache.ts")).command,
  backup: async () => (await import("./commands/backup.ts")).command,
  restore: async () => (await import("./commands/restore.ts")).command,
  gc: async () => (await import("./commands/gc.ts")).command,
  doctor: async () => (await import("./commands/doctor.ts")).command,
  completion: async () => (await import("./commands/completion.ts")).command,
  version: async () => (await import("./commands/version.ts")).command,
  help: async () => (await import("./commands/help.ts")).command,
} satisfies Record<string, () => Promise<Command>>;

export const VERBS: readonly string[] = Object.keys(loaders);

/** First words of the verbs that have two. */
export const VERB_GROUPS: Readonly<Record<string, string>> = {
  workflow: "Look at workflows, and at how far their tasks have come",
  models: "List models, and plan what they need",
  tools: "List the tools that manifests declare, and call one by hand",
  memory: "Look at what agents remember, search it, and forget",
  a2a: "Talk to any A2A server, and check it",
};

/** The second words of a group's verbs. */
export const verbsOf = (group: string): readonly string[] =>
  VERBS.flatMap((verb) => (verb.startsWith(`${group} `) ? [verb.slice(group.length + 1)] : []));

/** The verb, of two words in a group, and all other words. A group without a second word is a verb that there is not. */
export const findVerb = (words: readonly string[]): ReturnType<typeof splitVerb> => {
  const first = splitVerb(words);
  if (first.verb === undefined || !Object.hasOwn(VERB_GROUPS, first.verb)) return first;
  const second = splitVerb(first.rest);
  return second.verb === undefined ? first : { verb: `${first.verb} ${second.verb}`, rest: second.rest };
};

/** Undefined when there is no such verb. */
export const loadCommand = async (verb: string): Promise<Command | undefined> =>
  Object.hasOwn(loaders, verb) ? loaders[verb as keyof typeof loaders]() : undefined;

export const loadAllCommands = (): Promise<readonly Command[]> =>
  Promise.all(Object.values(loaders).map((load): Promise<Command> => load()));
