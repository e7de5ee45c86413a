export type { Reference } from "./collect-references.ts";
export { type CompiledExpression, compileExpression } from "./compile-expression.ts";
export { type CompiledTemplate, compileTemplate } from "./compile-template.ts";
export type { WorkflowScope } from "./workflow-scope.ts";
