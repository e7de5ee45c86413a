export type {
  A2AOperationRunner,
  OpenStream,
  StreamFrame,
  StreamOperation,
  UnaryOperation,
} from "./operations.ts";
