/** What a route of the HTTP API is: one value that drives the router and the OpenAPI document. */
import type { PlatformError } from "@agentcore/contract";
import type { CallerScope } from "@agentcore/core/tasks";
import type { z } from "zod";

export interface ApiRequest<Query = unknown, Body = unknown> {
  readonly request: Request;
  readonly scope: CallerScope;
  readonly path: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
}

/** `signed`: the handler judges what is sent, by its signature. */
export type Access = "public" | "signed" | "caller" | "operator";

export interface ApiRoute {
  readonly method: "GET" | "POST" | "DELETE";
  /** `/api/v1/tasks/{id}`; a placeholder matches one segment or a part of it. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly tag: string;
  /** @default "caller" */
  readonly access?: Access | undefined;
  readonly query?: z.ZodType | undefined;
  readonly body?: z.ZodType | undefined;
  /** A body may be left out; it is then an empty object. */
  readonly bodyOptional?: boolean | undefined;
  /** YAML is taken as well as JSON. */
  readonly yaml?: boolean | undefined;
  /** Status and schema of the success answer. */
  readonly answer: {
    readonly status: number;
    readonly schema?: z.ZodType | undefined;
    readonly contentTypes?: readonly string[] | undefined;
    readonly description: string;
  };
  readonly handle: (call: ApiRequest) => Promise<Response> | Response;
  /** Answers an error in the route's own form; null, as without it, for `{ error }` in JSON. */
  readonly refuse?: ((request: Request, error: PlatformError) => Response | null) | undefined;
}

/** Checks the types of a route's handler against its own schemas, then forgets them. */
export const apiRoute = <Query extends z.ZodType = z.ZodUndefined, Body extends z.ZodType = z.ZodUndefined>(
  route: Omit<ApiRoute, "handle" | "query" | "body"> & {
    readonly query?: Query;
    readonly body?: Body;
    readonly handle: (call: ApiRequest<z.output<Query>, z.output<Body>>) => Promise<Response> | Response;
  },
): ApiRoute => route as unknown as ApiRoute;
