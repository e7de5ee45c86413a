/** What the model says: a function of what it is asked, so that who asks again gets the same answer. */
interface Message {
  readonly role: string;
  readonly content?: unknown;
  readonly tool_calls?: readonly unknown[];
}

export interface Answer {
  readonly content?: string;
  /** Tool and what it is about. */
  readonly calls?: readonly (readonly [name: string, about: string])[];
}

/** `mark` stands in the answer, so that whatever is built upon it can be told. */
export const answerTo = (messages: readonly Message[], mark: string): Answer => {
  const said = JSON.stringify(messages);
  const turns = messages.filter(({ role }) => role === "assistant").length;
  const call = (...names: string[]): Answer => ({ calls: names.map((name, index) => [name, `${mark}-${index}`]) });
  if (said.includes("You lead the talk")) {
    const spoken = said.match(/\\"speaker\\":/g)?.length ?? 0;
    if (spoken >= 3) return json({ done: true, answer: mark });
    return json({ next: spoken === 1 ? "critic" : "writer", ask: mark });
  }
  if (said.includes("Plan the work, do not do it"))
    return json({
      steps: [
        { id: "a", task: `reserve ${mark}` },
        { id: "b", task: `send ${mark}` },
        { id: "c", task: `look ${mark}`, after: ["a", "b"] },
      ],
    });
  const part = /Your part: (\w+)/.exec(said)?.[1];
  if (part !== undefined) return turns === 0 ? call(part) : json({ done: true, result: mark });
  if (!said.includes('"role":"system"') || said.includes("Give the answer.") || said.includes('\\"you\\":\\"critic\\"'))
    return { content: `said ${mark}` };
  return [call("look", "reserve"), call("send"), call("reserve")][turns] ?? { content: `said ${mark}` };
};

const json = (value: unknown): Answer => ({ content: JSON.stringify(value) });
