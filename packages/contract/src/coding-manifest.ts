/** `spec.coding`: an agent that is a command-line program which works in a git repository (docs/coding-agents.md). */
import { z } from "zod";
import { SandboxNetwork } from "./sandbox-network.ts";
import { ProgramEnv } from "./tool-manifest.ts";

/** The programs whose way of speaking is known; `command` is any that speaks the form of docs/coding-agents.md. */
const CODING_PROGRAMS = ["claude-code", "codex", "gemini", "opencode", "command"] as const;

// What `git check-ref-format` takes, and less of it: nothing that looks like an option, a range or a path that leads up.
const BRANCH = /^(?!.*(\.\.|\/\/|\.lock(\/|$)|\/\.|\.\/|@\{))[A-Za-z0-9][A-Za-z0-9._/@+-]{0,199}(?<![./])$/;

const Word = z
  .string()
  .max(32_768)
  .regex(/^[^\0]*$/, { error: "expected text without a zero byte" });
/** A program and its arguments, run by no shell. */
const Command = z
  .array(Word)
  .min(1)
  .max(100)
  .refine(([program]) => program !== "", { error: "expected a program first" });
const Commands = z.array(Command).max(20);
const Person = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^<>\n\r\0]+$/, { error: "expected a name or an address, without < and >" });

const MIB = 2 ** 20;

/** What each run of the program, and each command of `prepare` and `validate`, may take and see in its sandbox. */
const CodingSandbox = z.strictObject({
  /** `hosts`: these by their names and nothing else; `none`: nothing; `host`: all that this machine reaches, itself and the node included. @default "none" */
  network: SandboxNetwork.optional(),
  /** Files and folders of this machine that it may read, besides the system's programs, PATH and where the commands are installed; absolute. */
  readable: z
    .array(
      z
        .string()
        .max(4096)
        .regex(/^\/[^\0]*$/, { error: "expected an absolute path" }),
    )
    .max(50)
    .optional(),
  /** Of all its processes together, /tmp included. @default 4 GiB */
  memoryBytes: z
    .int()
    .min(64 * MIB)
    .max(65_536 * MIB)
    .optional(),
  /** Milliseconds of the processor, all its processes together. @default 3600000 */
  cpuMs: z.int().min(100).max(86_400_000).optional(),
  /** Processes and threads at once. @default 512 */
  processes: z.int().min(8).max(4_096).optional(),
  /** Of each file that it writes, and of its /tmp as a whole. @default 1 GiB */
  fileBytes: z
    .int()
    .min(MIB)
    .max(65_536 * MIB)
    .optional(),
});

export const CodingSpec = z
  .strictObject({
    program: z.enum(CODING_PROGRAMS, { error: `expected one of ${CODING_PROGRAMS.join(", ")}` }),
    /** What is run: a name that is looked for in PATH, or an absolute path. @default the program's own name */
    command: Word.min(1).max(4096).optional(),
    /** Of `command`: its whole arguments, in which placeholders stand. Of the others: further ones, before what the node says. */
    args: z.array(Word).max(100).optional(),
    /** Of `command`: in place of `args` when a session is gone on with. @default a session is never gone on with */
    resumeArgs: z.array(Word).max(100).optional(),
    /** The repository; absolute. */
    repository: z
      .string()
      .max(4096)
      .regex(/^\/[^\0]*$/, { error: "expected an absolute path" }),
    /** Branch that the work begins from, and that it is merged into. @default the one that is checked out in the repository */
    base: z.string().regex(BRANCH, { error: "expected the name of a branch" }).optional(),
    /** As the program names it. @default the program's own choice */
    model: z.string().min(1).max(256).regex(/^[^-]/, { error: "expected the name of a model" }).optional(),
    /** Beside what the program is told by itself. */
    instructions: z.string().min(1).max(100_000).optional(),
    /** What the program may do without being asked, in its own words. @default files of the worktree: read and change them */
    allowedTools: z
      .array(
        z
          .string()
          .min(1)
          .max(500)
          .regex(/^[^-\0]/, { error: "expected the name of a tool" }),
      )
      .max(100)
      .optional(),
    /** Whether settings that the repository brings for the program count: its hooks, servers and plugins then run. @default false */
    trustsRepository: z.boolean().optional(),
    /** Of one task, over all runs of the program. @default 10 */
    maxTurns: z.int().min(1).max(1000).optional(),
    /** Runs of the program that may be lost with their node, or fail, before the task does. @default 3 */
    maxTries: z.int().min(1).max(20).optional(),
    /** US dollars of one run: held in budgets before it, and told to programs that take a limit. @default 5 where the program tells what it cost, else none */
    maxCostUsd: z.number().positive().max(10_000).optional(),
    /** Milliseconds of one run of the program. @default 1800000 */
    timeoutMs: z.int().min(100).max(86_400_000).optional(),
    /** Bytes that one run may write; then it is ended. @default 67108864 */
    maxOutputBytes: z
      .int()
      .min(1024)
      .max(2 ** 30)
      .optional(),
    /** Beside PATH, HOME and the like: texts, or for what is secret the variable of the node that holds it. */
    env: ProgramEnv.optional(),
    /** Where the program keeps its settings and sessions: a folder of this agent's own, or that of the node's account, with its log-ins. @default "own" */
    home: z.enum(["own", "node"]).optional(),
    /**
     * Where the program runs, and so do `prepare` and `validate`: in a sandbox they see and change their worktree and a home of the task's own, and nothing else of
     * the machine (docs/coding-agents.md#in-a-sandbox). @default with the rights of the node's account
     */
    isolation: z.enum(["sandbox"], { error: "expected sandbox" }).optional(),
    sandbox: CodingSandbox.optional(),
    /** Run in each new worktree, before the program and before a merge is checked. */
    prepare: Commands.optional(),
    /** Each must end with 0, or the program is told and goes on. */
    validate: Commands.optional(),
    /** Milliseconds of one such command. @default 600000 */
    checkTimeoutMs: z.int().min(100).max(86_400_000).optional(),
    /** Of commits. @default AgentCore <agentcore@localhost> */
    author: z.strictObject({ name: Person, email: Person }).optional(),
    /** `branch`: offered; `merge`: merged into the base, and offered where that cannot be. @default "branch" */
    deliver: z.enum(["branch", "merge"]).optional(),
    /** Whether people are asked before a merge. @default "never" */
    approval: z.enum(["never", "always"]).optional(),
    /** Names of callers. @default whoever may send messages to the task: its caller, and operators */
    approvers: z.array(z.string().min(1).max(256)).min(1).max(100).optional(),
  })
  .superRefine((spec, context) => {
    const refuse = (member: keyof typeof spec, message: string): void =>
      context.addIssue({ code: "custom", path: [member], message });
    if (spec.program === "command" && spec.command === undefined) refuse("command", "expected the program to run");
    if (spec.program !== "command" && spec.resumeArgs !== undefined)
      refuse("resumeArgs", `says nothing about ${spec.program}, whose arguments are known`);
    if (spec.program === "command" && spec.allowedTools !== undefined)
      refuse("allowedTools", "says nothing about a program of your own: write it in args");
    if (spec.program === "codex" && spec.allowedTools !== undefined)
      refuse(
        "allowedTools",
        'codex takes no list of tools: it has a sandbox of its own, as in args: [-c, sandbox_mode="read-only"]',
      );
    if (spec.isolation === undefined && spec.sandbox !== undefined)
      refuse("sandbox", "says nothing about a program that is not in one; set isolation: sandbox");
    if (spec.isolation !== undefined && spec.home === "node")
      refuse("home", "a sandbox has a home of its own; give it what it needs by env and sandbox.readable");
    if (spec.isolation !== undefined && spec.program !== "command" && spec.sandbox?.network === undefined)
      refuse(
        "sandbox",
        `expected network in it: hosts: with the names that ${spec.program} reaches its model by, host or none`,
      );
    if (spec.deliver !== "merge" && spec.approval !== undefined)
      refuse("approval", "is asked before a merge; expected deliver: merge");
    if (spec.approval !== "always" && spec.approvers !== undefined)
      refuse("approvers", "expected approval: always beside it");
  });
export type CodingSpec = z.infer<typeof CodingSpec>;
/** As an author writes it. */
export type CodingOptions = z.input<typeof CodingSpec>;
