import type { Context } from "agentcore";
import type { z } from "zod";

/** What was answered, or what stands in for it when nobody could. The end of this run itself is passed on. */
export async function answerOr<Schema extends z.ZodType, Substitute>(
  ctx: Context,
  schema: Schema,
  answer: Promise<unknown>,
  substitute: (why: string) => Substitute,
): Promise<z.infer<Schema> | Substitute> {
  try {
    return schema.parse(await answer);
  } catch (error) {
    if (ctx.signal.aborted) throw error;
    return substitute(messageOf(error));
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
