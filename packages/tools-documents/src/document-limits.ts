/** What one folder may hold: all of it is kept in memory. Past the first four, a search is refused with what there is; a file past the last is left out, and named. */
export interface DocumentLimits {
  /** @default 10,000 */
  readonly files: number;
  /** Of the text of all documents. @default 50,000,000 */
  readonly characters: number;
  /** @default 50,000 */
  readonly passages: number;
  /** Pages of one PDF. @default 2,000 */
  readonly pages: number;
  /** @default 20 MiB */
  readonly fileBytes: number;
}

export const DEFAULT_LIMITS: DocumentLimits = {
  ...{ files: 10_000, characters: 50_000_000, passages: 50_000, pages: 2_000, fileBytes: 20 * 1024 * 1024 },
};
