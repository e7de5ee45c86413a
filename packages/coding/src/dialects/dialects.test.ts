import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LineSplitter } from "../process/line-splitter.ts";
import type { CodingEvent } from "./coding-event.ts";
import type { CodingTurn } from "./dialect.ts";
import { dialectOf } from "./dialects.ts";
import { NOTHING_SPENT, RunTally, type Spent } from "./run-tally.ts";

// As the programs wrote them, against a model that was scripted; what is not looked at is left out.
const RECORDED = {
  "claude-code": [
    '{"type":"system","subtype":"init","cwd":"/repo","session_id":"3ec44a8a","tools":["Bash"],"model":"claude-opus-5-5"}',
    '{"type":"assistant","message":{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"Write","input":{"file_path":"/repo/hello.txt","content":"hello"}}],"stop_reason":null},"parent_tool_use_id":null,"session_id":"3ec44a8a"}',
    '{"type":"user","message":{"role":"user","content":[{"tool_use_id":"toolu_1","type":"tool_result","content":"File created"}]},"parent_tool_use_id":null,"session_id":"3ec44a8a"}',
    '{"type":"assistant","message":{"role":"assistant","content":[{"type":"text","text":"of a helper"}]},"parent_tool_use_id":"toolu_9"}',
    '{"type":"assistant","message":{"id":"msg_2","role":"assistant","content":[{"type":"text","text":"Wrote hello.txt."}]},"parent_tool_use_id":null}',
    '{"stop_reason":"end_turn","session_id":"3ec44a8a","total_cost_usd":0.0016,"usage":{"input_tokens":200,"cache_creation_input_tokens":3,"cache_read_input_tokens":5,"output_tokens":40},"is_error":false,"num_turns":2,"subtype":"success","result":"Wrote hello.txt.","type":"result"}',
  ],
  codex: [
    '{"type":"thread.started","thread_id":"01a20566"}',
    '{"type":"item.completed","item":{"id":"item_0","type":"error","message":"Model metadata for `gpt-x` not found."}}',
    '{"type":"turn.started"}',
    '{"type":"item.started","item":{"id":"item_1","type":"command_execution","command":"/bin/bash -lc \\"touch x\\"","aggregated_output":"","exit_code":null,"status":"in_progress"}}',
    '{"type":"item.completed","item":{"id":"item_1","type":"command_execution","command":"/bin/bash -lc \\"touch x\\"","aggregated_output":"","exit_code":0,"status":"completed"}}',
    '{"type":"item.completed","item":{"id":"item_2","type":"agent_message","text":"Wrote hello.txt."}}',
    '{"type":"turn.completed","usage":{"input_tokens":208,"cached_input_tokens":5,"cache_write_input_tokens":0,"output_tokens":40,"reasoning_output_tokens":0}}',
  ],
  gemini: [
    '{"type":"init","timestamp":"2026-11-22T22:37:05.909Z","session_id":"92588121","model":"gemini-2.5-pro"}',
    '{"type":"message","role":"user","content":"Write hello.txt"}',
    '{"type":"tool_use","tool_name":"write_file","tool_id":"write_file_0","parameters":{"file_path":"/repo/hello.txt","content":"hello"}}',
    '{"type":"tool_result","tool_id":"write_file_0","status":"success"}',
    '{"type":"message","role":"assistant","content":"Wrote ","delta":true}',
    '{"type":"message","role":"assistant","content":"hello.txt.","delta":true}',
    '{"type":"result","status":"success","stats":{"total_tokens":248,"input_tokens":208,"output_tokens":40,"cached":5,"input":203,"duration_ms":125,"tool_calls":1}}',
  ],
  opencode: [
    '{"type":"step_start","timestamp":1795386870786,"sessionID":"ses_1","part":{"type":"step-start"}}',
    '{"type":"tool_use","sessionID":"ses_1","part":{"type":"tool","tool":"write","callID":"call_1","state":{"status":"completed","input":{"filePath":"/repo/hello.txt","content":"hello"},"output":"Wrote file successfully."}}}',
    '{"type":"step_finish","sessionID":"ses_1","part":{"reason":"tool-calls","type":"step-finish","tokens":{"total":120,"input":100,"output":15,"reasoning":5,"cache":{"write":3,"read":5}},"cost":0.0006}}',
    '{"type":"step_start","sessionID":"ses_1","part":{"type":"step-start"}}',
    '{"type":"text","sessionID":"ses_1","part":{"type":"text","text":"Wrote hello.txt."}}',
    '{"type":"step_finish","sessionID":"ses_1","part":{"reason":"stop","type":"step-finish","tokens":{"input":100,"output":20,"reasoning":0,"cache":{"write":0,"read":0}},"cost":0.001}}',
  ],
  command: [
    '{"type":"session","id":"s1"}',
    '{"type":"tool_use","tool":"write","about":"hello.txt"}',
    '{"type":"tool_result"}',
    '{"type":"text","text":"Wrote hello.txt."}',
    '{"type":"usage","inputTokens":208,"cachedInputTokens":5,"outputTokens":40,"costUsd":0.0016}',
    '{"type":"result","outcome":"done","text":"Wrote hello.txt."}',
  ],
} as const;
type Program = keyof typeof RECORDED;
const PROGRAMS = Object.keys(RECORDED) as Program[];

const tallied = (program: Program, lines: readonly string[], before?: Spent) => {
  const tally = new RunTally(before);
  for (const line of lines) for (const event of dialectOf({ program, resumeArgs: [] }).read(line)) tally.note(event);
  return tally.summary;
};

test.each(PROGRAMS)("what %s tells comes to its session, turns, tokens, cost and last words", (program) => {
  const { problem: _, ...summary } = tallied(program, RECORDED[program]);
  const tellsCost = dialectOf({ program, resumeArgs: undefined }).tellsCost;
  expect(summary).toMatchObject({
    ...{ session: expect.any(String), turns: 2, text: "Wrote hello.txt.", result: { outcome: "done" } },
    spent: { inputTokens: 208, cachedInputTokens: 5, outputTokens: 40 },
  });
  if (tellsCost) expect(summary.spent.costUsd).toBeCloseTo(0.0016, 10);
  else expect(summary.spent.costUsd).toBeNull();
});

test("of a session that is gone on with, the run is told apart from those before: what programs count over all of it, and what they do not", () => {
  const before: Spent = { inputTokens: 200, cachedInputTokens: 5, outputTokens: 30, costUsd: 0.001 };
  expect(tallied("codex", RECORDED.codex, before).spent).toEqual({
    ...{ inputTokens: 8, cachedInputTokens: 0, outputTokens: 10, costUsd: null },
  });
  const { spent } = tallied("claude-code", RECORDED["claude-code"], before);
  expect(spent).toMatchObject({ inputTokens: 208, outputTokens: 40 });
  expect(spent.costUsd).toBeCloseTo(0.0006, 10);
});

describe("ends that are none", () => {
  const resultOf = (program: Program, line: string) => tallied(program, [line]).result;
  test.each([
    [
      "claude-code",
      '{"type":"result","subtype":"error_max_turns","is_error":true,"errors":["Reached maximum number of turns (1)"]}',
      "turns",
    ],
    ["claude-code", '{"type":"result","subtype":"error_max_budget_usd","is_error":true}', "budget"],
    [
      "claude-code",
      '{"type":"result","subtype":"success","is_error":true,"result":"API Error: Connection refused"}',
      "failed",
    ],
    ["codex", '{"type":"turn.failed","error":{"message":"stream disconnected"}}', "failed"],
    [
      "gemini",
      '{"type":"result","status":"error","error":{"type":"FatalTurnLimitedError","message":"Reached max session turns"}}',
      "turns",
    ],
    ["gemini", '{"type":"result","status":"error","error":{"type":"ApiError","message":"no"}}', "failed"],
    ["opencode", '{"type":"error","error":{"name":"APIError","data":{"message":"no"}}}', "failed"],
    ["command", '{"type":"result","outcome":"somehow"}', "failed"],
  ] as const)("%s: %s", (program, line, outcome) => {
    expect(resultOf(program, line)?.outcome).toBe(outcome);
  });
});

/** A line with members of the wrong kind, lines that are no JSON, and long ones, among those of a program. */
const rubbish = (lines: readonly string[]): fc.Arbitrary<string> => {
  const replaced = fc.tuple(fc.constantFrom(...lines), fc.anything(), fc.nat()).map(([line, value, at]) => {
    const json = JSON.parse(line) as Record<string, unknown>;
    const names = Object.keys(json).filter((name) => name !== "type");
    const name = names[at % Math.max(1, names.length)] ?? "x";
    try {
      return JSON.stringify({ ...json, [name]: value });
    } catch {
      return "";
    }
  });
  return fc.oneof(replaced, fc.json(), fc.string({ unit: "binary" }), fc.constant("{".repeat(5_000)));
};

test.each(PROGRAMS)("no line of %s makes the parser throw, or tell more than is bounded", (program) => {
  const dialect = dialectOf({ program, resumeArgs: [] });
  fc.assert(
    fc.property(fc.array(rubbish(RECORDED[program]), { maxLength: 30 }), (lines) => {
      const tally = new RunTally();
      for (const line of lines)
        for (const event of dialect.read(line)) {
          expect(longest(event)).toBeLessThanOrEqual(16_386);
          tally.note(event);
        }
      const { spent, turns } = tally.summary;
      expect([spent.inputTokens, spent.outputTokens, spent.costUsd ?? 0, turns].every((each) => each >= 0)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test.each(PROGRAMS)("what %s tells is the same however its bytes are cut, with rubbish between them", (program) => {
  const dialect = dialectOf({ program, resumeArgs: [] });
  const text = RECORDED[program].map((line) => `${line}\nDebug: not JSON\n\n`).join("");
  const bytes = Buffer.from(text);
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 30 }), (places) => {
      const splitter = new LineSplitter(65_536);
      const ends = [...places.toSorted((a, b) => a - b), bytes.length];
      const events = ends.flatMap((end, at) =>
        splitter.push(bytes.subarray(at === 0 ? 0 : ends[at - 1], end)).flatMap(dialect.read),
      );
      expect(events).toEqual(RECORDED[program].flatMap(dialect.read));
    }),
    { numRuns: 50 },
  );
});

const longest = (event: CodingEvent): number =>
  Math.max(...Object.values(event).map((value) => (typeof value === "string" ? value.length : 0)));

describe("how a program is called", () => {
  const turn: CodingTurn = {
    ...{
      prompt: "Do it; $(rm -rf /)",
      session: null,
      maxTurns: 7,
      model: "m",
      instructions: "Be brief",
      maxCostUsd: 2,
    },
    ...{ allowedTools: ["Read", "Bash(npm test)"], args: ["--more"], resumeArgs: undefined, folder: "/state/program" },
    trustsRepository: false,
  };

  test.each(PROGRAMS)("%s is handed the prompt by its standard input", (program) => {
    const { args, stdin } = dialectOf({ program, resumeArgs: undefined }).invoke(turn);
    expect(stdin).toContain(turn.prompt);
    expect(args.join(" ")).not.toContain("rm -rf");
    expect(args).toContain("--more");
  });

  test("Claude Code is told its turns, tools, money and session, and nothing of the repository's settings", () => {
    const { args } = dialectOf({ program: "claude-code", resumeArgs: undefined }).invoke({ ...turn, session: "s" });
    expect(args.slice(0, 4)).toEqual(["-p", "--output-format", "stream-json", "--verbose"]);
    const after = (name: string) => args[args.indexOf(name) + 1];
    expect([
      after("--max-turns"),
      after("--resume"),
      after("--append-system-prompt"),
      after("--max-budget-usd"),
    ]).toEqual([...["7", "s", "Be brief", "2"]]);
    expect([after("--setting-sources"), after("--allowedTools")]).toEqual(["user", "Read"]);
    expect(args).toContain("--strict-mcp-config");
  });

  test("a repository that is trusted may bring settings of its own", () => {
    const words = PROGRAMS.flatMap((program) => {
      const { args, env, files } = dialectOf({ program, resumeArgs: undefined }).invoke({
        ...turn,
        trustsRepository: true,
      });
      return [...args, ...Object.keys(env), ...Object.values(files)];
    }).join(" ");
    expect(words).not.toMatch(
      /setting-sources|strict-mcp|ignore-rules|hooksConfig|mcp-server-names|pure|DISABLE_PROJECT/,
    );
  });

  test("Codex takes up a session by its id, in its own sandbox", () => {
    const { args } = dialectOf({ program: "codex", resumeArgs: undefined }).invoke({ ...turn, session: "t1" });
    expect(args.slice(0, 3)).toEqual(["exec", "resume", "--json"]);
    expect(args).toContain('sandbox_mode="workspace-write"');
    expect(args).toContain('developer_instructions="Be brief"');
    expect(args.slice(-2)).toEqual(["t1", "-"]);
  });

  test("Gemini and opencode get their limits by a file outside of the worktree", () => {
    const gemini = dialectOf({ program: "gemini", resumeArgs: undefined }).invoke(turn);
    expect(gemini.env["GEMINI_CLI_SYSTEM_SETTINGS_PATH"]).toBe("/state/program/settings.json");
    expect(JSON.parse(gemini.files["settings.json"] ?? "")).toMatchObject({ model: { maxSessionTurns: 7 } });
    const opencode = dialectOf({ program: "opencode", resumeArgs: undefined }).invoke(turn);
    expect(JSON.parse(opencode.files["opencode.json"] ?? "")).toMatchObject({
      ...{ agent: { build: { steps: 7 } }, instructions: ["/state/program/instructions.md"] },
      permission: { bash: "deny", Read: "allow" },
    });
  });

  test("a program of one's own gets what its arguments ask for, each word as it is", () => {
    const own = dialectOf({ program: "command", resumeArgs: ["go-on", "$" + "{session}"] });
    const args = ["do", "$" + "{prompt}", "--turns=$" + "{maxTurns}", "$" + "{model}", "$" + "{unknown}"];
    expect(own.invoke({ ...turn, prompt: "$" + "{session} x", args })).toMatchObject({
      ...{ args: ["do", "$" + "{session} x", "--turns=7", "m", "$" + "{unknown}"], stdin: "" },
    });
    const again = own.invoke({ ...turn, session: "s1", args, resumeArgs: ["go-on", "$" + "{session}"] });
    expect(again).toMatchObject({ args: ["go-on", "s1"], stdin: turn.prompt });
    expect(dialectOf({ program: "command", resumeArgs: undefined }).resumes).toBe(false);
    expect(NOTHING_SPENT.costUsd).toBeNull();
  });
});
