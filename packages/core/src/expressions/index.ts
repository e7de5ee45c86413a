export type { Reference } from "./collect-references.ts";
export { type CompiledExpression, compileExpression } from "./compile-expression.ts";
export { type CompiledTemplate, compileTemplate } from "./compile-template.ts";
export type { JsonSchema } from "./json-schema.ts";
export { memberOf, type SchemaMember } from "./schema-member.ts";
export { type Misfit, misfits } from "./schema-misfits.ts";
export { templateSchema } from "./template-schema.ts";
export type { WorkflowScope } from "./workflow-scope.ts";
