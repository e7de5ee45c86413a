interface Call {
  /** `kind:name`, then `[key]` and `#occurrence` where there is one. */
  readonly path: string;
  readonly kind: string;
}

/** `step add#3`, `command capability:credit-risk[7]`, `sleep#2`: a call as people read it, its kind said once. */
export const callName = ({ path, kind }: Call): string => {
  if (!path.startsWith(`${kind}:`)) return `${kind} ${path}`;
  const name = path.slice(kind.length + 1);
  // `ctx.sleep` and `ctx.waitForInput` have no name of their own.
  return /^(?:\[.*\])?(?:#\d+)?$/s.test(name.slice(kind.length)) && name.startsWith(kind) ? name : `${kind} ${name}`;
};
