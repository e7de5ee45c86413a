/** The input that an agent's manifest suggests for those who only want to see it run. */
import { isRecord } from "../is-record.ts";

export const DEFAULT_INPUT_ANNOTATION = "agentcore.dev/default-input";

/** In the spelling of `--input`. */
export const defaultInputOf = ({ metadata }: Readonly<Record<string, unknown>>): string | undefined => {
  const annotations = isRecord(metadata) ? metadata["annotations"] : undefined;
  const value = isRecord(annotations) ? annotations[DEFAULT_INPUT_ANNOTATION] : undefined;
  return typeof value === "string" ? value : undefined;
};
