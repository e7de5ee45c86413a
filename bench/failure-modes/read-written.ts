import { readFileSync } from "node:fs";
import type { Exchange, ExchangeMember, Turn } from "@agentcore/agents";
import type { FailureMode } from "@agentcore/contract";
import type { FailingExchange } from "./inject-failures.ts";
import type { HealthyExchange } from "./make-healthy.ts";
import { splitOf } from "./random.ts";

/** One exchange of a file in written/: `=== id and more`, then lines of what it is, then its turns. */
interface Written {
  readonly head: readonly string[];
  readonly exchange: Exchange;
}

const SETTING = /^(task|limits|costs): (.+)$/;
const MEMBER = /^member ([^:]+): (.+)$/;
const TURN = /^([^:>]+?)(?: -> ([^:]+))?: (.*)$/;

const readBlock = (block: string): Written => {
  const [head = "", ...lines] = block.trim().split("\n");
  const settings = new Map<string, string>();
  const members: ExchangeMember[] = [];
  const turns: { speaker: string; text: string; to?: string }[] = [];
  let ended = false;
  for (const line of lines) {
    const last = turns.at(-1);
    const member = MEMBER.exec(line);
    const setting = turns.length === 0 ? SETTING.exec(line) : null;
    const turn = TURN.exec(line);
    if (line === "ended") ended = true;
    else if (line.startsWith("| ") && last !== undefined) last.text += `\n${line.slice(2)}`;
    else if (setting !== null) settings.set(setting[1] ?? "", setting[2] ?? "");
    else if (member !== null && turns.length === 0)
      members.push({ name: member[1] ?? "", description: member[2] ?? "" });
    else if (turn !== null) {
      const [, speaker = "", to, text = ""] = turn;
      turns.push({ speaker, text, ...(to === undefined ? {} : { to }) });
    } else throw new Error(`${head}: cannot read "${line}"`);
  }
  const { task = "", limits, costs } = Object.fromEntries(settings);
  const exchange: Exchange = {
    ...{ task, members, turns: turns satisfies Turn[] },
    ...(ended ? { ended } : {}),
    ...(limits === undefined ? {} : { limits: { maxTurns: Number(limits) } }),
    ...(costs === undefined ? {} : { costs: costs.split(" ").map(Number) }),
  };
  return { head: head.split(" "), exchange };
};

const read = (file: string): readonly Written[] =>
  readFileSync(new URL(`written/${file}.txt`, import.meta.url), "utf8")
    .split(/^=== /m)
    .filter((block) => block.trim() !== "")
    .map(readBlock);

export const readHealthy = (): readonly HealthyExchange[] =>
  [...read("healthy-work"), ...read("healthy-languages")].map(({ head: [id = "", kind = ""], exchange }) => ({
    ...{ id, kind, split: splitOf(id), isWritten: true, exchange },
  }));

export const readFailing = (): readonly FailingExchange[] =>
  read("failures").map(({ head: [id = "", mode, severity, at, member = ""], exchange }) => ({
    ...{ id, mode: mode as FailureMode, severity: severity as "stop" | "note", at: Number(at), member },
    ...{ split: splitOf(id), isWritten: true, how: "written", exchange },
  }));
