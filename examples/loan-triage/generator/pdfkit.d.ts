/** pdfkit brings no types; this is the part used here. */
declare module "pdfkit" {
  export default class PDFDocument {
    constructor(options?: { size?: string; margin?: number; info?: Record<string, unknown> });
    font(name: string): this;
    fontSize(size: number): this;
    text(text: string, x?: number, y?: number, options?: { lineBreak?: boolean; width?: number }): this;
    moveTo(x: number, y: number): this;
    lineTo(x: number, y: number): this;
    stroke(): this;
    rect(x: number, y: number, width: number, height: number): this;
    addPage(): this;
    initForm(): this;
    formText(name: string, x: number, y: number, width: number, height: number, options?: { value?: string }): this;
    on(event: "data", listener: (chunk: Uint8Array) => void): this;
    on(event: "end", listener: () => void): this;
    end(): void;
  }
}
