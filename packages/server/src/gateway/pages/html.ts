/** HTML with everything escaped that is put in, so that no text of an agent, a caller or a task can become markup. */
const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const MARK: unique symbol = Symbol("html");

export interface Html {
  readonly [MARK]: true;
  readonly text: string;
}

type Value = string | number | Html | readonly Html[];

const render = (value: Value): string => {
  if (typeof value === "string" || typeof value === "number")
    return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
  return "text" in value ? value.text : value.map(({ text }) => text).join("");
};

/** Attributes must be written in double quotes. */
export const html = (strings: TemplateStringsArray, ...values: readonly Value[]): Html => ({
  [MARK]: true,
  text: strings.reduce((text, part, index) => text + render(values[index - 1] ?? "") + part),
});
