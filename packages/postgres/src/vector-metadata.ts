import type { VectorMetadata } from "@agentcore/core/ports";
import { escapeText, unescapeText } from "./escape-text.ts";

/** `jsonb` holds every text but U+0000, which is escaped, in names of fields too. */
export const toJsonText = (metadata: VectorMetadata): string => JSON.stringify(mapTexts(metadata, escapeText));

/** Of what toJsonText has made. */
export const fromJsonText = (text: string): VectorMetadata =>
  mapTexts(JSON.parse(text) as VectorMetadata, unescapeText);

const mapTexts = (metadata: VectorMetadata, change: (text: string) => string): VectorMetadata =>
  Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [change(name), typeof value === "string" ? change(value) : value]),
  );
