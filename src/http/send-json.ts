import type { Response } from "express";

/** JSON has no charset, it is UTF-8 (RFC 8259, 8.1), and clients compare the type as a whole; express would add one to text. */
export function sendJson(response: Response, json: Buffer): void {
  response.setHeader("content-type", "application/json");
  response.send(json);
}

export function toJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** `{"error":"…"}` (contract §5). */
export function sendError(response: Response, status: number, error: string): void {
  response.status(status);
  sendJson(response, toJson({ error }));
}
