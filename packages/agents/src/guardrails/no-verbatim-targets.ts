import { parseInput } from "@agentcore/contract";
import { type Ask, type Guardrail, guardrail, type Refuse } from "@agentcore/sdk";
import { z } from "zod";
import { hostStandsIn, normalText, standsIn } from "./normal-text.ts";
import { type Target, targetsIn } from "./targets-in.ts";
import { ownWords, receivedWords, type Words } from "./words-of-task.ts";

const Approvers = z.array(z.string().min(1).max(256)).min(1).max(100);
const Host = z.string().regex(/^[\p{L}\p{N}.-]{1,253}$/u, { error: "expected the name of a host, as acme.example" });

const shape = {
  /** What comes of such a call. */
  action: z.enum(["ask", "refuse"]).default("ask"),
  approvers: Approvers.optional(),
  /** Hosts, with those below them, that links and addresses of mail may have. */
  hosts: z.array(Host).max(200).default([]),
  /** What paths may begin with; never where they lead up again. */
  paths: z.array(z.string().min(1).max(1024)).max(200).default([]),
  /** Addresses and accounts that may be used, each as it is. */
  names: z.array(z.string().min(1).max(320)).max(1000).default([]),
  /** What was written nowhere: a model has made it up, put it together or decoded it. Of paths it passes, unless they lead up. */
  unknown: z.enum(["ask", "pass"]).default("ask"),
  /** Tools that only read may follow links and paths that stand word for word in what was received. */
  reading: z.enum(["ask", "follow"]).default("ask"),
  /** received: the task's input was written by strangers, as a mail that began it. */
  input: z.enum(["own", "received"]).default("own"),
};
export const noVerbatimTargetsSchema = z.strictObject(shape);
export type NoVerbatimTargetsOptions = z.input<typeof noVerbatimTargetsSchema>;

type Settings = z.output<typeof noVerbatimTargetsSchema>;

/**
 * Has people approve of calls whose addresses, links, accounts or paths were not named by whoever asks: where a text tells a model whom to send what it
 * knows, that is where it has to go.
 */
export const noVerbatimTargets = (options: NoVerbatimTargetsOptions = {}): Guardrail => {
  const settings = parseInput(noVerbatimTargetsSchema, options, "the options of noVerbatimTargets()");
  const names = new Set(settings.names.map(normalText));
  const paths = settings.paths.map(normalText);
  return guardrail({
    name: "no-verbatim-targets",
    tool({ tool, input }, ctx, about) {
      const targets = targetsIn(input).filter((target) => !isAllowed(target, settings.hosts, paths, names));
      if (targets.length === 0) return undefined;
      const isInputOwn = settings.input === "own";
      const own = ownWords(ctx, about, isInputOwn);
      const foreign = targets.filter((target) => !isNamed(target, own));
      if (foreign.length === 0) return undefined;
      const received = receivedWords(about, isInputOwn);
      const mayFollow = tool.readOnly === true && settings.reading === "follow";
      const why = foreign.flatMap((target) => objectionTo(target, received, about.isCut, mayFollow, settings) ?? []);
      if (why.length === 0) return undefined;
      const reason = why.slice(0, 5).join("; ");
      const { approvers } = settings;
      return settings.action === "refuse"
        ? ({ refuse: reason } satisfies Refuse)
        : ({ ask: reason, ...(approvers === undefined ? {} : { approvers }) } satisfies Ask);
    },
  });
};

const isBelow = (host: string, allowed: string): boolean => host === allowed || host.endsWith(`.${allowed}`);

const isAllowed = (
  { kind, text, host }: Target,
  hosts: readonly string[],
  paths: readonly string[],
  names: ReadonlySet<string>,
): boolean => {
  if (names.has(text)) return true;
  if (kind === "path") return !leadsUp(text) && paths.some((path) => text.startsWith(path));
  return host !== undefined && hosts.some((allowed) => isBelow(host, allowed.toLowerCase()));
};

/** By whoever asks. Of a link its host is enough: what is behind it is theirs as well. */
const isNamed = ({ kind, text, host }: Target, { texts, hosts }: Words): boolean => {
  if (kind === "account") return texts.some((each) => each.replace(/[\s.-]/g, "").includes(text));
  if (texts.some((each) => standsIn(each, text))) return true;
  return kind === "link" && host !== undefined && (hosts.has(host) || texts.some((each) => hostStandsIn(each, host)));
};

const objectionTo = (
  { kind, text }: Target,
  { texts }: Words,
  isCut: boolean,
  mayFollow: boolean,
  { unknown }: Settings,
): string | null => {
  if (kind === "path" && leadsUp(text)) return `the path ${text} leads out of where paths begin`;
  const isReceived =
    kind === "account"
      ? texts.some((each) => each.replace(/[\s.-]/g, "").includes(text))
      : texts.some((each) => standsIn(each, text));
  if (isReceived)
    return mayFollow ? null : `the ${kind} ${text} stands in what was received, and not in what was asked`;
  // What is not known any more may have been received.
  if (kind === "path" && !isCut) return null;
  return unknown === "ask" ? `the ${kind} ${text} stands nowhere in what was asked` : null;
};

/** Absolute, of somebody's home, of another scheme, or up again, however that is written. */
const leadsUp = (path: string): boolean =>
  /^(?:[\\/~]|file:|[a-z]:[\\/])/.test(path) ||
  unescaped(path)
    .split(/[\\/]/)
    .some((segment) => segment === "..");

const unescaped = (path: string): string =>
  path.replace(/%(?:25)*([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
