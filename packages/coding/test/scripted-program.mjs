#!/usr/bin/env node
// Stands in for a coding program: speaks the streamed JSON of Claude Code, or of docs/coding-agents.md, and does what its prompt says, line by line.
// Parts between lines of `---` are its runs: one that goes on with a session does the next part.
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const args = process.argv.slice(2);
const isClaude = args.includes("stream-json");
const after = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
const prompt = readFileSync(0, "utf8");
const resumed = after("--resume") || undefined;
const session = resumed ?? `session-${process.pid}-${Date.now()}`;
const file = join(process.env.HOME, "sessions", session);
mkdirSync(dirname(file), { recursive: true });
const state =
  resumed === undefined ? { parts: prompt.split(/^---$/m), usd: 0 } : JSON.parse(readFileSync(file, "utf8"));
const part = state.parts.shift() ?? "";

const tell = (json) => new Promise((resolve) => process.stdout.write(`${JSON.stringify(json)}\n`, resolve));
const said = { role: "assistant" };
const say = (text) =>
  tell(
    isClaude ? { type: "assistant", message: { ...said, content: [{ type: "text", text }] } } : { type: "text", text },
  );
const use = async (tool, about) => {
  if (!isClaude) {
    await tell({ type: "tool_use", tool, about });
    return tell({ type: "tool_result", failed: false });
  }
  await tell({
    type: "assistant",
    message: { ...said, content: [{ type: "tool_use", name: tool, input: { file_path: about } }] },
  });
  return tell({ type: "user", message: { role: "user", content: [{ type: "tool_result", content: "done" }] } });
};
const write = (path, text) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${text}\n`);
};

const does = {
  async write([path, ...words]) {
    write(path, words.join(" "));
    await use("Write", path);
  },
  append: ([path, ...words]) => appendFileSync(path, `${words.join(" ")}\n`),
  remove: ([path]) => rmSync(path, { recursive: true }),
  link: ([path, target]) => symlinkSync(target, path),
  say: (words) => say(words.join(" ")),
  confess: ([name]) => say(`the key is ${process.env[name]}, as told`),
  // The same in pieces, as some programs tell what their model streams.
  async stammer([name]) {
    for (const part of process.env[name].match(/.{1,5}/gs)) await say(part);
  },
  async chatter([times]) {
    for (let at = 0; at < Number(times); at += 1_000)
      await new Promise((resolve) =>
        process.stdout.write(`${JSON.stringify({ type: "text", text: "x" })}\n`.repeat(1_000), resolve),
      );
  },
  // What it has spent in its session, told as programs do that count so.
  spends: ([usd]) => tell({ type: "usage", of: "session", costUsd: Number(usd) }),
  sleep: ([ms]) => pause(Number(ms)),
  run: (words) =>
    new Promise((resolve) =>
      spawn(words[0], words.slice(1), { stdio: "inherit" }).on("close", resolve).on("error", resolve),
    ),
  // What outlives it, in a group of its own.
  daemon: ([path]) => {
    const program = `setInterval(() => require("fs").appendFileSync(${JSON.stringify(path)}, "."), 20)`;
    spawn(process.execPath, ["-e", program], { detached: true, stdio: "ignore" }).unref();
  },
  stubborn: () => void process.on("SIGTERM", () => undefined),
  hang: () => new Promise(() => setInterval(() => undefined, 1_000)),
  async flood() {
    for (;;) await new Promise((resolve) => process.stdout.write("x".repeat(65_536), resolve));
  },
  async rubbish() {
    await new Promise((resolve) =>
      process.stdout.write('not json\n{"type":\n[]\n"x"\n{"type":"nothing"}\n\n\0\n', resolve),
    );
  },
  until: async ([path]) => {
    while (!existsSync(path)) await pause(10);
  },
  // Not done a second time, as what it counts is on the disk.
  once: async ([path, ...words]) => {
    try {
      readFileSync(path);
    } catch {
      writeFileSync(path, "");
      await does[words[0]](words.slice(1));
    }
  },
  tell: ([path, name]) => appendFileSync(path, `${name}=${process.env[name]}\n`),
  prompt: ([path]) => appendFileSync(path, JSON.stringify({ prompt, args, resumed: resumed ?? null }) + "\n"),
  exit: ([code]) => process.exit(Number(code)),
};

if (!part.includes("nameless"))
  await tell(isClaude ? { type: "system", subtype: "init", session_id: session } : { type: "session", id: session });
writeFileSync(file, JSON.stringify(state));
let steps = 0;
for (const line of part.split("\n")) {
  const [name, ...words] = line.trim().split(" ");
  if (!(name in does)) continue;
  await does[name](words);
  steps += 1;
}
state.usd += steps / 100;
writeFileSync(file, JSON.stringify(state));
if (isClaude)
  await tell({
    ...{ type: "result", subtype: "success", is_error: false, result: `did ${steps} steps`, session_id: session },
    ...{ total_cost_usd: state.usd, usage: { input_tokens: 100 * steps, output_tokens: 10 * steps } },
  });
else {
  if (!part.includes("spends"))
    await tell({ type: "usage", inputTokens: 100 * steps, outputTokens: 10 * steps, costUsd: steps / 100 });
  await tell({ type: "result", outcome: "done", text: `did ${steps} steps` });
}
process.exit(0);
