/** What keeps things that wait for each other from coming to their turn. */
export interface Misorder {
  /** Of a field, as a schema's issue has it. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Of things with an id, and under `field` the ids of those before them; `list` is what they stand in. None: every one comes to its turn. */
export const misorders = <Field extends string>(
  things: readonly ({ readonly id: string } & Readonly<Record<Field, readonly string[]>>)[],
  list: string,
  field: Field,
): readonly Misorder[] => {
  const ids = things.map(({ id }) => id);
  const found = things.flatMap((thing, index): Misorder[] => [
    ...(ids.indexOf(thing.id) < index
      ? [{ path: [list, index, "id"], message: `expected an id of its own, "${thing.id}" is an earlier one's` }]
      : []),
    ...thing[field]
      .filter((before) => !ids.includes(before))
      .map((before) => ({ path: [list, index, field], message: `expected ids of ${list}, there is no "${before}"` })),
  ]);
  const stuck = neverReady(things.map((thing) => ({ id: thing.id, after: thing[field] })));
  return stuck.length === 0 ? found : [...found, { path: [list], message: `${stuck.join(", ")} wait for each other` }];
};

/** Those that wait for themselves, each other, or what does. */
const neverReady = (
  things: readonly { readonly id: string; readonly after: readonly string[] }[],
): readonly string[] => {
  const known = new Set(things.map(({ id }) => id));
  let waiting = [...things];
  const ready = new Set<string>();
  for (;;) {
    const next = waiting.filter(({ after }) => after.every((id) => ready.has(id) || !known.has(id)));
    if (next.length === 0) return waiting.map(({ id }) => id);
    for (const { id } of next) ready.add(id);
    waiting = waiting.filter((thing) => !next.includes(thing));
    if (waiting.length === 0) return [];
  }
};
