/** How often work has gone from one remote agent to the next: nobody but the message knows, which says so in its metadata. */
import type { A2AMessage } from "@agentcore/contract";

const HOPS = "https://agentcore.dev/a2a/hops";

/** As the message says; undefined when it says nothing that makes sense. */
export const hopsOf = ({ metadata }: A2AMessage): number | undefined => {
  const hops = metadata?.[HOPS];
  return Number.isSafeInteger(hops) && (hops as number) > 0 ? (hops as number) : undefined;
};

/** For a message's metadata. */
export const hopsMetadata = (hops: number): Readonly<Record<string, number>> => ({ [HOPS]: hops });
