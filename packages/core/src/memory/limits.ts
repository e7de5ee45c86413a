/** Bounds of long-term memory (docs/memory.md). */
export const MAX_TEXT = 16_384;
export const MAX_DATA_BYTES = 64 * 1024;
export const MAX_TAGS = 20;
export const MAX_TAG = 64;
export const MAX_DOCUMENT = 1024;
export const MAX_QUERY = 8_192;
export const MAX_RESULTS = 50;
export const DEFAULT_RESULTS = 8;
/** Characters of text and data that one recall gives, since its task's log keeps them. */
export const MAX_RECALLED = 256 * 1024;
