// Begins at the first slash of a row only: one that begins at each takes seconds for an address of tens of thousands.
const END_SLASHES = /(?<!\/)\/+$/;

/** An address that somebody else wrote, as paths are put behind it. */
export const withoutEndSlashes = (url: string): string => url.replace(END_SLASHES, "");
