const OPEN = /```(?:json)?[^\S\n]*\n/;

/**
 * What stands in a text's first fence, or the text: models like to fence their JSON, whatever they were told. In time linear in its length, since
 * strangers write it: one expression for the whole takes minutes for a fence with ten thousand empty lines that nobody closes.
 */
export const unfenced = (text: string): string => {
  const open = OPEN.exec(text);
  if (open === null) return text;
  const from = open.index + open[0].length;
  const close = /\n[^\S\n]*```/g;
  // The line that opens it may be the one before the line that closes it.
  close.lastIndex = from - 1;
  const end = close.exec(text);
  return end === null ? text : text.slice(from, Math.max(from, end.index));
};
