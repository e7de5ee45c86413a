/** Whether what reached the outside, over all lives of a node, is what a strategy may send: judged by content, without the engine's names. */

/** A call of a model, or of a tool, as it came. */
export interface Reached {
  readonly kind: "model" | "tool";
  /** Which of the node's processes sent it, from 0 on. */
  readonly life: number;
  /** What it is: the same for the same content. Its answer has it in its text. */
  readonly mark: string;
  /** Which of the driver's tasks it belongs to. */
  readonly job: string;
  /** All of what was sent. */
  readonly text: string;
  /** It was answered, as far as whoever answers can tell. */
  isAnswered: boolean;
  /** Of a tool. */
  readonly tool?: string;
  readonly key?: string;
}

/** What was durable when a life ended: results of steps, as text. */
export type Durable = string;

export interface Judgement {
  readonly faults: readonly string[];
  /** Calls that were sent again, all of which nobody had an answer to in the log. */
  readonly repeated: { readonly model: number; readonly tool: number };
}

const AT_MOST_ONCE: ReadonlySet<string> = new Set(["send"]);

/** `durable[n]`: at the end of life n. */
export const judgeCalls = (reached: readonly Reached[], durable: readonly Durable[]): Judgement => {
  const faults: string[] = [];
  const repeated = { model: 0, tool: 0 };
  for (const [index, call] of reached.entries()) {
    const name = call.kind === "model" ? `model call ${call.mark}` : `${call.tool} ${call.mark}`;
    const earlier = reached.slice(0, index).filter(({ kind, mark }) => kind === call.kind && mark === call.mark);
    if (earlier.length === 0) continue;
    repeated[call.kind] += 1;
    if (call.kind === "tool" && AT_MOST_ONCE.has(call.tool ?? "")) faults.push(`${name} acted twice`);
    if (earlier.some(({ key }) => key !== call.key)) faults.push(`${name} came under another key`);
    if (earlier.some(({ life }) => life === call.life)) faults.push(`${name} was sent twice by one life`);
    if (durable.slice(0, call.life).some((text) => text.includes(answerMark(call))))
      faults.push(`${name} was sent again although its answer was in the log`);
    const isBuiltUpon = reached
      .slice(0, index)
      .some(({ text, life }) => life < call.life && text.includes(answerMark(call)));
    if (isBuiltUpon) faults.push(`${name} was sent again although something was built upon its answer`);
  }
  return { faults, repeated };
};

/** What stands in the answer of a call and nowhere in the call itself. */
export const answerMark = ({ kind, mark }: Pick<Reached, "kind" | "mark">): string => `${kind}-answer-${mark}`;
