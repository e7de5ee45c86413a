/** The child's side of asking.ts. */

export interface Failed {
  readonly kind: "failed";
  readonly message: string;
}

/** Answers what the parent asks until it asks to close, or is gone. */
export const answerRequests = <Request extends { readonly kind: string }, Answer extends object>(
  answerTo: (request: Request) => Promise<Answer>,
  close: () => Promise<void> | undefined,
): void => {
  process.on("message", (request: Request | { readonly kind: "close" }) => {
    if (isClose(request)) {
      void Promise.resolve(close()).finally(() => process.exit(0));
      return;
    }
    answerTo(request).then(
      (answer) => process.send?.(answer),
      (error: unknown) => {
        const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
        process.send?.({ kind: "failed", message } satisfies Failed);
      },
    );
  });
  // Whoever started this is gone.
  process.once("disconnect", () => process.exit(1));
};

const isClose = (request: { readonly kind: string }): request is { readonly kind: "close" } => request.kind === "close";
