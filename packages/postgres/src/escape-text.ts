/** PostgreSQL's text holds every character but U+0000; a backslash marks it, and itself. */
export const escapeText = (text: string): string =>
  /[\0\\]/.test(text) ? text.replaceAll("\\", "\\\\").replaceAll("\0", "\\0") : text;

export const unescapeText = (text: string): string =>
  text.includes("\\") ? text.replace(/\\(.)/gs, (_, mark: string) => (mark === "0" ? "\0" : mark)) : text;
