/** At least as many bytes as a value has as JSON in UTF-8. */
export const jsonBytes = (value: unknown): number => {
  const text = JSON.stringify(value) ?? "";
  let bytes = text.length;
  // Three for each that is no ASCII: no code unit takes more.
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) bytes += 2;
  return bytes;
};

/** As many from the first on as have no more bytes together. */
export const withinBytes = <Item>(items: readonly Item[], most: number): readonly Item[] => {
  let bytes = 0;
  const over = items.findIndex((item) => (bytes += jsonBytes(item) + 1) > most);
  return over === -1 ? items : items.slice(0, over);
};
