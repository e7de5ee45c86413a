/** What went wrong with an answer that had begun: it broke off, is not what was asked for, or the provider said so in it. */
export class AnswerFailure extends Error {
  /** As the provider gave it, or as the kind of its error tells. */
  readonly statusCode: number | undefined;

  constructor(message: string, statusCode?: number) {
    super(message);
    this.name = "AnswerFailure";
    this.statusCode = statusCode;
  }
}

// Those of OpenAI and Anthropic that come without a status.
const STATUS_BY_TYPE: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  permission_error: 403,
  not_found_error: 404,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  server_error: 500,
  api_error: 500,
  overloaded_error: 529,
};

const isStatus = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 400 && value < 600;

/** `reported`: an error part of a stream, which may be anything. */
export const toAnswerFailure = (reported: unknown): Error => {
  if (reported instanceof Error) return reported;
  if (typeof reported !== "object" || reported === null) return new AnswerFailure(String(reported));
  const { message, statusCode, code, type } = reported as Readonly<Record<string, unknown>>;
  const status = [statusCode, Number(code), STATUS_BY_TYPE[String(type)], STATUS_BY_TYPE[String(code)]].find(isStatus);
  return new AnswerFailure(typeof message === "string" ? message : JSON.stringify(reported), status);
};
