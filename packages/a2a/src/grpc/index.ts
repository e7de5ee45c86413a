export { connectionKey } from "./connection-key.ts";
export { createGrpcServer, type GrpcServer, type GrpcServerOptions } from "./create-grpc-server.ts";
export type {
  A2AGrpcVersion,
  GrpcAdmission,
  GrpcGateway,
  GrpcRequest,
  OpenedCall,
  RpcStatus,
} from "./grpc-gateway.ts";
