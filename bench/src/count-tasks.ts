/** Tasks of an agent, as A2A's ListTasks at its address tells of them. */

export type Status = "TASK_STATE_COMPLETED" | "TASK_STATE_FAILED" | "TASK_STATE_WORKING";

interface Listed {
  readonly totalSize: number;
  readonly nextPageToken?: string;
  readonly tasks: readonly {
    readonly artifacts?: readonly { readonly parts: readonly { readonly text?: string }[] }[];
  }[];
}

export const countTasks = async (url: string, status: Status): Promise<number> =>
  (await listTasks(url, { status, pageSize: 1, historyLength: 0 })).totalSize;

/** Of those that are completed, those whose last artifact is that text. */
export const countAnswers = async (url: string, text: string): Promise<number> => {
  let count = 0;
  let pageToken: string | undefined;
  do {
    const page = { status: "TASK_STATE_COMPLETED", pageSize: 100, historyLength: 0, includeArtifacts: true };
    const listed = await listTasks(url, { ...page, ...(pageToken === undefined ? {} : { pageToken }) });
    count += listed.tasks.filter(({ artifacts }) => artifacts?.at(-1)?.parts[0]?.text === text).length;
    pageToken = listed.nextPageToken;
  } while (pageToken !== undefined && pageToken !== "");
  return count;
};

const listTasks = async (url: string, params: object): Promise<Listed> => {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "a2a-version": "1.0" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ListTasks", params }),
  });
  const answer = (await response.json()) as { readonly result?: Listed; readonly error?: unknown };
  if (answer.result === undefined) throw new Error(`ListTasks answered ${JSON.stringify(answer.error)}`);
  return answer.result;
};
