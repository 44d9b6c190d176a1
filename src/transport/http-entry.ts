import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ListenSocket } from './transport.ts';

/** Answers an HTTP request that came to a SIP port. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse, socket: ListenSocket) => void;

/** Where HTTP requests on SIP ports go: to the program in force, as long as it takes any. */
export class HttpEntry {
  private handler: HttpHandler | null = null;

  /** Takes every request from now on. @returns gives them up again, unless another has taken them since */
  take(handler: HttpHandler): () => void {
    this.handler = handler;
    return () => {
      if (this.handler === handler) this.handler = null;
    };
  }

  /** A request that arrived. */
  handle(request: IncomingMessage, response: ServerResponse, socket: ListenSocket): void {
    if (this.handler !== null) this.handler(request, response, socket);
    else response.writeHead(404, { 'Content-Length': 0 }).end();
  }
}
