/** What a run's log knows of outputs that a call may rest on: those that expressions of its node see, but for what joins, maps and loops made of them. */
import {
  addressIn,
  type CallAddress,
  isWorkflowState,
  type KnownOutput,
  type TaskEvent,
  type WorkflowFrameState,
  type WorkflowNodeError,
} from "@agentcore/contract";
import { sizeOf } from "../payloads/json-size.ts";

const MAX_OUTPUTS = 100;
// In characters of JSON, about: of one, and of all that are shown.
const MAX_SIZE = 16_384;
const MAX_TOTAL = 65_536;

type Known = Omit<KnownOutput, "size">;

/** `events`: from the last checkpoint on. `calls`: paths of the log. `resultOf`: what the code is given of what is recorded. */
export const knownOutputs = (
  events: readonly TaskEvent[],
  calls: readonly string[],
  resultOf: (event: Extract<TaskEvent, { type: "step.completed" }>) => unknown,
): readonly KnownOutput[] => {
  const places = calls.flatMap((path) => addressIn(path) ?? []);
  if (places.length === 0) return [];
  // A later visit to a node stands for those before it.
  const known = new Map<string, Known>();
  const note = (place: CallAddress, seq: number, what: Pick<Known, "output"> | Pick<Known, "error">): void => {
    if (place.purpose !== "call" || !places.some((each) => isSeenBy(place, each))) return;
    const { node, address } = place;
    const key = `${prefixOf(place)}${node}`;
    known.delete(key);
    known.set(key, { node, address, seq, ...what });
  };
  for (const event of events) {
    if (event.type === "checkpoint.created") {
      known.clear();
      for (const [address, what] of inState(event.data.state)) {
        const place = addressIn(`step:${address}`);
        if (place !== null) note(place, event.seq, what);
      }
    } else if (event.type === "step.completed") {
      const place = addressIn(event.data.path);
      if (place !== null) note(place, event.seq, { output: resultOf(event) });
    } else if (event.type === "step.failed" && event.data.retryAt === undefined) {
      const place = addressIn(event.data.path);
      if (place !== null) note(place, event.seq, { error: errorOf(event.data.error) });
    }
  }
  return bounded([...known.values()]);
};

const bounded = (known: readonly Known[]): readonly KnownOutput[] => {
  let left = MAX_TOTAL;
  const last = known.slice(-MAX_OUTPUTS).map((each): KnownOutput => ({ ...each, size: sizeOf(each.output ?? null) }));
  // The last are what the call most likely rests on.
  return last
    .reverse()
    .map(({ output, ...each }) => {
      if (output === undefined || each.size > Math.min(left, MAX_SIZE)) return each;
      left -= each.size;
      return { ...each, output };
    })
    .reverse();
};

/** Its own region's and those around it, and branches that have met by then. */
const isSeenBy = (of: CallAddress, place: CallAddress): boolean => {
  const [own, others] = [regionsOf(of), regionsOf(place)];
  for (const [index, { fan, name }] of own.entries()) {
    const other = others[index];
    // Of another region: its branches have met, or are over. Items of a map are seen by nobody else.
    if (other?.fan !== fan) return own.slice(index).every((region) => !/^\d+$/.test(region.name));
    if (other.name !== name) return false;
  }
  return true;
};

/** `each.3/score@2` is of the item 3 of `each`. */
const regionsOf = ({ address }: CallAddress): readonly { readonly fan: string; readonly name: string }[] =>
  address
    .split("/")
    .slice(0, -1)
    .map((segment) => {
      const dot = segment.lastIndexOf(".");
      return { fan: segment.slice(0, dot), name: segment.slice(dot + 1) };
    });

const prefixOf = ({ address }: CallAddress): string => address.slice(0, address.lastIndexOf("/") + 1);

const MAX_MESSAGE = 500;
const errorOf = ({ code, message }: WorkflowNodeError): WorkflowNodeError => ({
  code,
  message: message.slice(0, MAX_MESSAGE),
});

type Stated = readonly [string, Pick<Known, "output"> | Pick<Known, "error">];

/** Of a checkpoint of the machine. */
const inState = (state: unknown): readonly Stated[] => {
  if (!isWorkflowState(state)) return [];
  const inFrame = (frame: WorkflowFrameState, prefix: string): readonly Stated[] => [
    ...Object.entries(frame.outputs).map(([node, output]): Stated => [`${prefix}${node}`, { output }]),
    ...Object.entries(frame.errors).map(([node, error]): Stated => [`${prefix}${node}`, { error: errorOf(error) }]),
    ...(frame.fan?.frames ?? []).flatMap((each) => inFrame(each, `${frame.fan?.address ?? ""}.${each.name}/`)),
  ];
  return inFrame(state.root, "");
};
