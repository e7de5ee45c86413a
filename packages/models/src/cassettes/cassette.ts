/** Recorded calls of one tenant. */
import type { RecordedCall } from "./recorded-call.ts";
import type { RecordedRequest } from "./recorded-request.ts";

export interface CassetteWriter {
  /** Puts the call behind those of the same key. Throws TOO_LARGE, and CONFIG_INVALID where it cannot be written. */
  add(call: RecordedCall): Promise<void>;
}

export interface CassetteReader {
  /** For messages. */
  readonly location: string;
  /** The call of that place, from 1, among those of the key; behind the last one that one again. Throws CONFIG_INVALID for a file that is none. */
  find(request: RecordedRequest, key: string, place: number): Promise<RecordedCall | null>;
  similar(request: RecordedRequest): Promise<SimilarCalls>;
}

/** What there is besides a call that was not recorded. */
export interface SimilarCalls {
  /** Of the same model and operation, at most 300. */
  readonly calls: readonly { readonly name: string; readonly request: RecordedRequest }[];
  /** All models of which there is something, as they are named in files. */
  readonly models: readonly string[];
}
