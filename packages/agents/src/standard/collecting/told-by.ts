import { z } from "zod";

/** The task that tells something; what is more is left out. */
export const ToldBy = z
  .object({
    id: z.string().max(256),
    contextId: z.string().max(256).optional().catch(undefined),
    caller: z.string().max(256).optional().catch(undefined),
    traceId: z.string().max(64).optional().catch(undefined),
    above: z.array(z.string().max(63)).max(100).optional().catch(undefined),
  })
  .optional();
export type ToldBy = z.output<typeof ToldBy>;

/** Milliseconds since 1970. */
export const Time = z.number().min(0).max(8.64e15);
