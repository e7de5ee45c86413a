/** Addresses of a workflow's calls (docs/decisions/0015), as they stand in the paths of its log. */

export interface CallAddress {
  /** As the machine has it: `each.3/score@2`, `score@2~undo`. */
  readonly address: string;
  readonly node: string;
  /** undo: its effect is taken back; stands: somebody is asked about it. */
  readonly purpose: "call" | "undo" | "stands";
}

const CALL = /^(?:[A-Za-z][\w-]*(?:@\d+)?\.[\w-]+\/)*([A-Za-z][\w-]*)(?:@\d+)?(?:~(undo|stands)(?:@\d+)?)?$/;

/**
 * Of a path of the log: `step:a`, `command:agent:b[a~undo@2]`. A target may have brackets, an address has none. Null for the path of something
 * else.
 */
export const addressIn = (path: string): CallAddress | null => {
  const bracket = path.lastIndexOf("[");
  const address =
    path.endsWith("]") && bracket !== -1 ? path.slice(bracket + 1, -1) : path.slice(path.indexOf(":") + 1);
  const [, node, purpose = "call"] = CALL.exec(address) ?? [];
  return node === undefined ? null : { address, node, purpose: purpose as CallAddress["purpose"] };
};
