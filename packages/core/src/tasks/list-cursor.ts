/** Where a list of tasks goes on: after a head, newest first. */
import { PlatformError } from "@agentcore/contract";

export interface ListCursor {
  readonly updatedAt: number;
  readonly taskId: string;
}

export const encodeCursor = ({ updatedAt, taskId }: ListCursor): string => `${updatedAt}.${taskId}`;

/** Throws INVALID_ARGUMENT when it is not one of ours. */
export const decodeCursor = (token: string): ListCursor => {
  const match = /^(\d{1,16})\.(.{1,256})$/.exec(token);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new PlatformError("INVALID_ARGUMENT", "the page token is not one of ours", {
      violations: [{ field: "pageToken", description: "expected the nextPageToken of an earlier answer" }],
    });
  }
  return { updatedAt: Number(match[1]), taskId: match[2] };
};
