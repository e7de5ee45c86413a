// Of a secret of several lines, each that could be found out from nothing else: patches and logs show lines with marks before them.
const TELLING_LINE = /^\S{16,}$/;

/** Takes secrets out of a text, as they are and as JSON writes them. */
export const secretBlanker = (secrets: readonly string[]): ((text: string) => string) => {
  const lines = secrets.flatMap((secret) => secret.split(/\r?\n/).filter((line) => TELLING_LINE.test(line)));
  const whole = [...secrets, ...secrets.map((secret) => JSON.stringify(secret).slice(1, -1))];
  // The longest first: one may hold another.
  const forms = [...new Set([...whole, ...lines])].toSorted((one, other) => other.length - one.length);
  return (text) => forms.reduce((left, form) => left.replaceAll(form, "[secret]"), text);
};
