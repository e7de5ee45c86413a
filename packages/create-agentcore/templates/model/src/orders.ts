/** Yours are in a database: read them in a tool, which runs as a step. */
export const orders: ReadonlyMap<number, { readonly state: string; readonly pieces: readonly string[] }> = new Map([
  [7, { state: "on its way", pieces: ["lamp"] }],
  [8, { state: "delivered", pieces: ["chair", "table"] }],
]);
