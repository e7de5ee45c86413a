/**
 * A value as the log gives it back, which nobody can change: so conditions see the same in a run and in its replay, and what one function does to
 * its input harms no other. As JSON has it: members without a value are left out, none at all is null.
 */
export const frozenCopy = (value: unknown): unknown => {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? null : freeze(JSON.parse(text));
};

const freeze = (value: unknown): unknown => {
  // Without recursion: outputs may be nested as deep as JSON may be.
  const waiting: unknown[] = [value];
  for (let each = waiting.pop(); each !== undefined; each = waiting.pop()) {
    if (typeof each !== "object" || each === null || Object.isFrozen(each)) continue;
    Object.freeze(each);
    for (const member of Object.values(each)) if (typeof member === "object" && member !== null) waiting.push(member);
  }
  return value;
};
