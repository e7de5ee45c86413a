/** Has an agent of a node do something, and waits for what it gives. */
export const askAgent = async <Output>(url: string, agent: string, text: string): Promise<Output> => {
  const response = await fetch(`${url}/a2a/${agent}`, {
    method: "POST",
    headers: { "content-type": "application/json", "a2a-version": "1.0" },
    body: JSON.stringify({
      ...{ jsonrpc: "2.0", id: 1, method: "SendMessage" },
      params: { message: { messageId: crypto.randomUUID(), role: "ROLE_USER", parts: [{ text }] } },
    }),
  });
  const said = await response.text();
  const { result } = JSON.parse(said) as {
    readonly result?: {
      readonly task: {
        readonly artifacts?: readonly {
          readonly parts: readonly { readonly data?: Output; readonly text?: Output }[];
        }[];
      };
    };
  };
  const part = result?.task.artifacts?.at(-1)?.parts[0];
  const output = part?.data ?? part?.text;
  if (output === undefined) throw new Error(`${agent} answered ${said.slice(0, 600)}`);
  return output;
};
