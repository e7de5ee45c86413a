import { z } from "zod";

/** Of events: a topic as `loan.decided`, `loan.*` for all below it, or `*`. */
export const TopicPattern = z
  .string()
  .max(200)
  .regex(/^(\*|[\w-]+(\.[\w-]+)*(\.\*)?)$/, { error: "expected a topic, as loan.decided, loan.* or *" });
