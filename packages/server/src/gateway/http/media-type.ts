/** `text/plain; charset=utf-8` as `text/plain`. */
export const essence = (mediaType: string): string => {
  const semicolon = mediaType.indexOf(";");
  return (semicolon === -1 ? mediaType : mediaType.slice(0, semicolon)).trim().toLowerCase();
};

export const isJsonMediaType = (header: string | null): boolean => {
  if (header === null) return false;
  if (header === "application/json") return true;
  const type = essence(header);
  return type === "application/json" || type === "application/a2a+json";
};

/** `text/*` and `*\/*` in `accepted` stand for whole families. */
export const acceptsMediaType = (accepted: readonly string[], mediaType: string): boolean => {
  const type = essence(mediaType);
  const family = `${type.slice(0, type.indexOf("/"))}/*`;
  return accepted.some((entry) => {
    const candidate = essence(entry);
    return candidate === "*/*" || candidate === "*" || candidate === type || candidate === family;
  });
};
