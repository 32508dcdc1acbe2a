/** What the link needs of a message bus: requests, messages and subscriptions, each of which may be lost. NATS is one; tests have others. */

export interface IncomingMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  /** Where the answer to a request goes, as whoever sent it says; absent where the bus has no such thing. */
  readonly inbox?: string;
  /** Answers a request; absent when nobody waits for an answer. Never throws: an answer that cannot be sent is lost. */
  readonly respond?: (data: Uint8Array) => void;
}

export interface RequestOptions {
  timeoutMs: number;
  signal: AbortSignal;
}

export interface LinkTransport {
  /** Keeps the connection, for ever; resolves only when the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
  readonly connected: boolean;
  /** Called after each connection that was made, the first one included. */
  onConnect(listener: () => void): void;
  /** Throws `LinkError` when no answer came. */
  request(subject: string, data: Uint8Array, options: RequestOptions): Promise<Uint8Array>;
  /** Sends it now or never: nothing is kept for a later connection. */
  publish(subject: string, data: Uint8Array): void;
  /**
   * Hands over each message until the signal is aborted, over any number of connections. `onMessage` must return at once and not
   * throw. Rejects when the server refuses the subscription.
   */
  subscribe(subject: string, onMessage: (message: IncomingMessage) => void, signal: AbortSignal): Promise<void>;
}

export type LinkFailure = 'Disconnected' | 'NobodyAnswers' | 'Timeout' | 'TooLarge' | 'Refused';

/** Thrown when a message could not be sent, or no answer came. */
export class LinkError extends Error {
  override readonly name = 'LinkError';
  readonly failure: LinkFailure;

  constructor(failure: LinkFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}
