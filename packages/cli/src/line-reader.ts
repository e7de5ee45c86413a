import { createInterface } from "node:readline";

/** What somebody types at a terminal, line by line. */
export interface LineReader {
  /** Asks for a line; null when there will be none any more. */
  next(prompt: string): Promise<string | null>;
  /** Calls back at Ctrl-C while no line is asked for; while one is, that ends the input. */
  onInterrupt(listener: () => void): void;
  /** Gives the terminal back. Idempotent. */
  close(): void;
}

/** Takes the terminal for itself: Ctrl-C is no signal then. */
export const createLineReader = (input: NodeJS.ReadStream, output: NodeJS.WriteStream): LineReader => {
  const terminal = createInterface({ input, output, terminal: true });
  let waiting: ((line: string | null) => void) | null = null;
  let isClosed = false;
  let interrupt = (): void => {};
  const answer = (line: string | null): boolean => {
    const resolve = waiting;
    waiting = null;
    resolve?.(line);
    return resolve !== null;
  };
  // A line that nobody has asked for was typed while an answer came: it is no question.
  terminal.on("line", answer);
  terminal.on("close", () => {
    isClosed = true;
    // The prompt stands there without an end of its line.
    if (answer(null)) output.write("\n");
  });
  terminal.on("SIGINT", () => {
    if (waiting === null) interrupt();
    else terminal.close();
  });
  return {
    next(prompt) {
      if (isClosed) return Promise.resolve(null);
      return new Promise((resolve) => {
        waiting = resolve;
        terminal.setPrompt(prompt);
        terminal.prompt();
      });
    },
    onInterrupt(listener) {
      interrupt = listener;
    },
    close: () => terminal.close(),
  };
};
