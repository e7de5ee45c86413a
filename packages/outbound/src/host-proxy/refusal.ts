/** What is answered in place of what was asked for. */
export class Refusal extends Error {
  readonly status: number;
  readonly why: string;

  constructor(status: number, message: string, why = message) {
    super(message);
    this.status = status;
    this.why = why;
  }

  /** Whole, for a connection that ends with it. */
  toAnswer(): string {
    const body = `${this.message}\n`;
    const length = Buffer.byteLength(body);
    return `HTTP/1.1 ${this.status} Refused\r\ncontent-type: text/plain\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${body}`;
  }
}
