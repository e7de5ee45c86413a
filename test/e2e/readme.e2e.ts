/** What README.md tells a newcomer to type, typed: its files and commands are read from its own blocks. */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { addressOf, type RunningProgram, root, runAgentcore, runProgram, startAgentcore } from "./programs.ts";

const readme = await readFile(join(root, "README.md"), "utf8");

const block = (info: string): string => {
  const found = new RegExp(`^\`\`\`${info}\n([^]*?)^\`\`\`$`, "m").exec(readme)?.[1];
  if (found === undefined) throw new Error(`README.md has no block of ${info}`);
  return found;
};

/** Every `npx agentcore …` line, with what it is said to print. */
const commands = [...readme.matchAll(/^npx agentcore (.+?)(?: {2,}# (.*))?$/gm)].map(([, words = "", says = ""]) => ({
  words,
  says,
}));

const counter = `import { agent } from "agentcore";
export const counter = agent({
  name: "counter",
  description: "Adds 1 to 5, a moment after each",
  async run(_task, ctx) {
    let sum = 0;
    for (let number = 1; number <= 5; number += 1) {
      sum = await ctx.step("add", () => sum + number);
      await ctx.sleep(400);
    }
    return { sum };
  },
});
`;

/** Stands for the clone: the same packages, and nothing written into the real one. */
let clone: string;
let node: RunningProgram;
const start = async (...words: string[]): Promise<string> => {
  node = startAgentcore([...words, "--data", "data"], { cwd: clone });
  return addressOf(node);
};

beforeEach(async () => {
  clone = await mkdtemp(join(tmpdir(), "agentcore-readme-"));
  await symlink(join(root, "node_modules"), join(clone, "node_modules"));
  await mkdir(join(clone, "my-agents"));
  await writeFile(join(clone, "my-agents/package.json"), '{ "type": "module" }');
  await writeFile(join(clone, "my-agents/greeter.ts"), block("ts run"));
  await writeFile(join(clone, "my-agents/greeter.agent.yaml"), block("yaml"));
});
afterEach(async () => {
  await node.kill("SIGTERM");
  await rm(clone, { recursive: true, force: true });
});

test("the commands of README.md work one after the other and print what they are said to print", async () => {
  expect(commands.map(({ words }) => words.split(" ")[0])).toEqual(["get", "run", "apply", "run", "dev"]);
  const url = await start("up", "--port", "0", "--apply", join(root, "examples/sales-analyst"));
  for (const { words, says } of commands.filter((command) => !command.words.startsWith("dev"))) {
    const line = `npx --no-install agentcore ${words} -o json`;
    const ran = await runProgram("bash", ["-c", line], { cwd: clone, env: { AGENTCORE_URL: url } });
    expect({ line, ...ran }).toMatchObject({ code: 0 });
    if (says.startsWith("{")) expect(JSON.parse(ran.stdout)).toEqual(JSON.parse(says));
  }
});

test("under dev a changed agent is applied, and the next task gets it", async () => {
  const words = commands.find((command) => command.words.startsWith("dev"))?.words.split(" ") ?? [];
  const url = await start(...words, "--port", "0");
  await node.says(/watching my-agents/);
  const greet = async () =>
    (await runAgentcore(["run", "greeter", "-i", '{"name":"Ada"}', "-o", "json", "--url", url], { cwd: clone })).stdout;
  expect(JSON.parse(await greet())).toEqual({ greeting: "Hello, Ada!" });
  await writeFile(join(clone, "my-agents/greeter.ts"), block("ts run").replace("Hello", "Good morning"));
  await node.says(/changed: my-agents\/greeter\.ts\nagent\/greeter configured/);
  expect(JSON.parse(await greet())).toEqual({ greeting: "Good morning, Ada!" });
  await writeFile(join(clone, "my-agents/greeter.ts"), "export const greeter = ;");
  await node.says(/error INVALID_ARGUMENT: .*greeter\.ts/);
  await writeFile(join(clone, "my-agents/greeter.agent.yaml"), `# mine\n${block("yaml")}  replicaz: 2\n`);
  await node.says(/error INVALID_ARGUMENT: my-agents\/greeter\.agent\.yaml:2 \(greeter\) is not valid: .*"replicaz"/);
  expect(JSON.parse(await greet())).toEqual({ greeting: "Good morning, Ada!" });
});

test("a run goes on over the death of its node, for those who wait for it too, and no recorded step runs again", async () => {
  await writeFile(join(clone, "my-agents/counter.ts"), counter);
  await writeFile(join(clone, "my-agents/counter.agent.yaml"), block("yaml").replaceAll("greeter", "counter"));
  const url = await start("up", "--port", "0", "my-agents");
  const waiting = startAgentcore(["run", "counter", "-i", "{}", "--watch", "--url", url], { cwd: clone });
  await waiting.says(/step\.completed +step add#2 -> 3/);
  await node.kill("SIGKILL");
  await start("up", "--port", new URL(url).port);
  await waiting.says(/"sum": 15/);
  await waiting.ended;

  const taskId = /task (\S+)/.exec(waiting.output)?.[1] ?? "";
  const logs = await runAgentcore(["logs", taskId, "--url", url], { cwd: clone });
  const steps = [...logs.stdout.matchAll(/step\.completed +step (add\S*)/g)].map(([, path]) => path);
  expect(steps).toEqual(["add", "add#2", "add#3", "add#4", "add#5"]);
  const trace = await runAgentcore(["trace", taskId, "--url", url], { cwd: clone });
  expect(trace.stdout).toMatch(/^counter {2}completed .*\n[^]*└─ sleep#5 {2}completed/);
});
