/** One effect, as the effects server keeps it. `pid` tells the runs of a node apart. */
export interface Effect {
  readonly scenario: string;
  readonly task: string;
  readonly path: string;
  readonly key: string;
  readonly pid: number;
}

export const reportEffect = async (
  env: Readonly<Record<string, string | undefined>>,
  effect: Omit<Effect, "scenario" | "pid">,
): Promise<void> => {
  const body: Effect = { scenario: env["MATRIX_SCENARIO"] ?? "", pid: process.pid, ...effect };
  const response = await fetch(env["MATRIX_EFFECTS"] ?? "", { method: "POST", body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`the effects server answered ${response.status}`);
};
