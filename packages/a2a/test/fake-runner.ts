import type { A2AOperationRunner, StreamFrame, StreamOperation, UnaryOperation } from "../src/server/operations.ts";

interface Answers {
  readonly unary?: Partial<Record<UnaryOperation, unknown>>;
  /** An error among the frames is thrown when it is reached. */
  readonly frames?: readonly (StreamFrame | Error)[];
}

/** Answers what it is told to, throws what is an error, and keeps what it was asked. */
export const createFakeRunner = ({ unary = {}, frames = [] }: Answers) => {
  const asked: { readonly operation: UnaryOperation | StreamOperation; readonly params: unknown }[] = [];
  const state = { released: 0, returned: 0 };
  async function* read() {
    try {
      for (const frame of frames) {
        if (frame instanceof Error) throw frame;
        yield frame;
      }
    } finally {
      state.returned += 1;
    }
  }
  const runner: A2AOperationRunner = {
    async unary(operation, params) {
      asked.push({ operation, params });
      const answer = unary[operation];
      if (answer instanceof Error) throw answer;
      return answer;
    },
    async stream(operation, params) {
      asked.push({ operation, params });
      const source = read();
      return {
        frames: source,
        release: () => {
          state.released += 1;
          void source.return(undefined);
        },
      };
    },
  };
  return { runner, asked, state };
};
