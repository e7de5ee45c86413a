/** The SDK's services as grpc-js takes any: theirs say which message each method has, and it takes those of any message only. */
import { LegacyA2AService } from "@a2a-js/sdk/compat/v0_3/server/grpc";
import { A2AService } from "@a2a-js/sdk/server/grpc";
import type { ServiceDefinition } from "@grpc/grpc-js";

export const anyService = (definition: object): ServiceDefinition => definition as ServiceDefinition;

export const A2A_SERVICE = anyService(A2AService);
export const LEGACY_A2A_SERVICE = anyService(LegacyA2AService);
