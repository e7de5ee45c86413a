/** Of a WebSocket what it begins as: a request of HTTP to the same host and port. Others are as they were. */
export const httpUrlOf = (url: URL): URL => {
  const http = new URL(url);
  if (http.protocol === "ws:") http.protocol = "http:";
  if (http.protocol === "wss:") http.protocol = "https:";
  return http;
};
