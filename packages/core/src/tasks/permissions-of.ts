import type { Permissions } from "../governance/index.ts";
import type { CallerScope } from "./task-service.ts";

/** What a task may do for whoever asks for it. */
export const permissionsOf = ({ operator, permissions }: CallerScope): Permissions =>
  operator === true || permissions === undefined ? "all" : permissions;
