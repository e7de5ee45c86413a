/** What every strategy must hold, ours or yours. Runner-independent: it is given `test`. */
import type { TaskEvent } from "@agentcore/contract";
import { ensure, equal } from "@agentcore/core/testing";
import type { Peers } from "./peers.ts";
import { replay } from "./replay.ts";
import type { ModelScript } from "./scripted-model.ts";
import { type AgentTest, type AnyAgent, testAgent } from "./test-agent.ts";
import type { TestRun } from "./test-run.ts";

export interface StrategySuiteOptions {
  readonly name: string;
  /**
   * A new agent under the strategy, which ends by itself: without questions to people, and without sleeps. Its tools say `readOnly` or `idempotent`: of
   * others a killed run is told OUTCOME_UNKNOWN, and comes to something else.
   */
  readonly agent: () => AnyAgent;
  readonly input: unknown;
  /** A function of the request alone: asked the same it says the same, also after a crash. @default no model */
  readonly model?: Extract<ModelScript, (...request: never) => unknown>;
  /** Agents that it works with; functions of their input alone. */
  readonly peers?: Peers;
  /** What it comes to. */
  readonly output: unknown;
  readonly test: (name: string, run: () => Promise<void>) => void;
}

/** Of a run that nobody disturbed. */
interface Undisturbed {
  readonly run: TestRun;
  readonly test: AgentTest;
}

// Half of what a log holds: room for tools that are called side by side.
const MAX_EVENTS = 5000;

/**
 * Kills the process at each commit, before it is written and after: the output and the decisions are those of a run that nobody killed, no call of a model or a
 * tool whose result is recorded is made again, and none is made under another key. A replay goes the way that was recorded, and a cancel
 * ends it at each of its calls.
 */
export const strategySuite = ({ name, agent, input, model, peers, output, test }: StrategySuiteOptions): void => {
  const options = { ...(model === undefined ? {} : { model }), ...(peers === undefined ? {} : { peers }) };
  const undisturbed = async (): Promise<Undisturbed> => {
    const world = await testAgent(agent(), options);
    const run = await world.run(input);
    equal(run.output, output, "the output of a run that nobody disturbed");
    await world.close();
    return { run, test: world };
  };

  test(`${name} comes to its output, in a log of bounded length`, async () => {
    const { run } = await undisturbed();
    ensure(
      run.events.length <= MAX_EVENTS,
      `its log has ${run.events.length} events, more than ${MAX_EVENTS}: go on by ctx.continueAs`,
    );
  });

  test(`${name} comes to the same wherever the process dies, and makes no recorded call again`, async () => {
    const whole = await undisturbed();
    for (const when of ["before", "after"] as const) {
      for (let at = 1; at <= whole.test.commits; at += 1) {
        const where = `killed ${when} commit ${at} of ${whole.test.commits}`;
        const world = await testAgent(agent(), { ...options, crashAt: { at, when } });
        // It throws when a recorded call is made again.
        const run = await world.run(input);
        equal(run.output, output, `the output when ${where}`);
        equal(decisionsOf(run.events), decisionsOf(whole.run.events), `the decisions when ${where}`);
        equal(callsOf(world), callsOf(whole.test), `different calls by name when ${where}`);
        await world.close();
      }
    }
  });

  test(`${name} goes the way that its log tells when it is replayed`, async () => {
    const { run } = await undisturbed();
    equal(await replay(run.events, agent(), { taskId: run.taskId }), { ok: true }, "replay");
  });

  test(`${name} ends when it is canceled, at whichever call`, async () => {
    for (let calls = 0; ; calls += 1) {
      const world = await testAgent(agent(), options);
      const run = await world.run(input, { breakpoints: ["*"] });
      for (let released = 0; released < calls && run.held.length > 0; released += 1)
        await run.debug({ action: "step", path: run.held[0] });
      const isOver = run.held.length === 0;
      if (!isOver) {
        await run.cancel();
        equal(run.state, "canceled", `its state when it is canceled at call ${calls + 1}`);
      }
      await world.close();
      if (isOver) return;
    }
  });
};

const callsOf = ({ calls }: AgentTest): readonly string[] =>
  [...calls].map(([name, count]) => `${name}: ${count}`).sort();

const decisionsOf = (events: readonly TaskEvent[]): readonly string[] =>
  events
    .flatMap(({ type, data }) =>
      type === "decision.made" && "kind" in data && data.kind === "choice" ? [`${data.path}: ${data.choice}`] : [],
    )
    .sort();
