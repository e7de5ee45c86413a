/** Addresses of a workflow's calls (docs/decisions/0015), as they stand in the paths of its log. */

/** A branch or an item on the way to a call: of which visit to which `parallel` or `map`. */
export interface AddressStep {
  /** With what stands before it: of the fan itself. */
  readonly address: string;
  readonly node: string;
  readonly visit: number;
  /** Of the branch, or the index of the item. */
  readonly name: string;
}

export interface CallAddress {
  /** The whole of it, without what follows a `~`. */
  readonly address: string;
  readonly within: readonly AddressStep[];
  readonly node: string;
  readonly visit: number;
  /** undo: its effect is taken back; stands: somebody is asked about it. */
  readonly purpose: "call" | "undo" | "stands";
}

const CALL = /^([A-Za-z][\w-]*)(?:@(\d+))?(?:~(undo|stands)(?:@\d+)?)?$/;
const STEP = /^([A-Za-z][\w-]*)(?:@(\d+))?\.([\w-]+)$/;

/**
 * Of a path of the log: `step:a`, `decision:each.3/score@2`, `command:agent:b[a~undo@2]`. A target may have brackets, an address has none.
 * Null for the path of something else.
 */
export const addressIn = (path: string): CallAddress | null => {
  const bracket = path.lastIndexOf("[");
  const text = path.endsWith("]") && bracket !== -1 ? path.slice(bracket + 1, -1) : path.slice(path.indexOf(":") + 1);
  const segments = text.split("/");
  const [, node, visit, purpose = "call"] = CALL.exec(segments.pop() ?? "") ?? [];
  if (node === undefined) return null;
  const within: AddressStep[] = [];
  let prefix = "";
  for (const segment of segments) {
    const [, fan, fanVisit, name] = STEP.exec(segment) ?? [];
    if (fan === undefined || name === undefined) return null;
    const address = `${prefix}${segment.slice(0, segment.length - name.length - 1)}`;
    within.push({ address, node: fan, visit: Number(fanVisit ?? "1"), name });
    prefix += `${segment}/`;
  }
  const own = `${prefix}${node}${visit === undefined ? "" : `@${visit}`}`;
  return {
    ...{ address: own, within, node, visit: Number(visit ?? "1") },
    purpose: purpose as CallAddress["purpose"],
  };
};
