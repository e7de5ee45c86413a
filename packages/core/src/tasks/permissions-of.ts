import type { Permissions } from "../governance/index.ts";
import type { CallerScope } from "./task-service.ts";

/** What a task may do for whoever asks for it. */
export const permissionsOf = ({ operator, permissions }: CallerScope): Permissions =>
  operator === true || permissions === undefined ? "all" : permissions;

/** What an agent of the platform may tell a task: all, where it is undefined. Of a task of nobody knows whom nothing that asks for scopes. */
export const scopesOf = ({
  permissions = [],
}: {
  readonly permissions?: Permissions;
}): readonly string[] | undefined => (permissions === "all" ? undefined : permissions);
